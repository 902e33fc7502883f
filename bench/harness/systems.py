"""What is measured: the system.toml of each folder. bench/README.md tells what stands in one."""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.rows import ROWS

BENCH = Path(__file__).resolve().parent.parent


class BadSystem(Exception):
    """A system.toml that breaks a rule, or a program that is not there."""


@dataclass(frozen=True)
class Program:
    """A process to start. `{name}` in its words is a free port, the same one for each name, and
    `{bin}` the folder of the built programs; it listens at the port of its own name."""
    name: str
    command: tuple
    environment: dict = field(default_factory=dict)
    counted: bool = True  # a part of the server: pinned to its CPU, its cost counts


@dataclass(frozen=True)
class Spans:
    """What every request must have exported, as the counters on these admin ports tell; the last
    one's process is the one that takes the requests."""
    per_request: int
    admin_ports: tuple


@dataclass(frozen=True)
class Entry:
    """One server of one row. Programs are started in their order; the last one takes the load."""
    row: str
    label: str
    programs: tuple
    spans: Spans | None = None

    def wrapped(self, name, wrapper):
        """The same with a command in front of that program's."""
        return replace(self, programs=tuple(
            replace(program, command=(*wrapper, *program.command)) if program.name == name
            else program for program in self.programs))


@dataclass(frozen=True)
class System:
    name: str
    version: tuple
    entries: tuple
    optional: bool = False  # left out where its programs are missing

    def missing(self, bin_folder):
        """The first of its programs that is not in that folder; None when all are."""
        paths = (program.command[0] for entry in self.entries for program in entry.programs)
        return next((path for word in paths
                     if not Path(path := word.format(bin=bin_folder)).exists()), None)


def fields(table, where, required, optional=()):
    """The values of a table, in that order; what is not there is None."""
    for key in required:
        if key not in table:
            raise BadSystem(f"{where}: '{key}' is missing")
    if unknown := sorted(set(table) - set(required) - set(optional)):
        raise BadSystem(f"{where}: unknown '{unknown[0]}', "
                           f"known are {', '.join([*required, *optional])}")
    return [table.get(key) for key in (*required, *optional)]


def read_program(name, table, shared, where):
    command, environment, counted = fields(table, f"{where}: process.{name}", ("command",),
                                           ("environment", "counted"))
    return Program(name, tuple(command), {**shared, **(environment or {})}, counted is not False)


def read_entry(system, table, programs, where):
    row, names, label, environment, spans = fields(
        table, f"{where}: entry", ("row", "processes"), ("label", "environment", "spans"))
    if row not in [known.name for known in ROWS]:
        raise BadSystem(f"{where}: unknown row '{row}'")
    if unknown := [name for name in names if name not in programs]:
        raise BadSystem(f"{where}: row '{row}' names the process '{unknown[0]}', which is none")
    chosen = []
    for name in names:
        command, counted = programs[name].command, programs[name].counted
        # What is beside the server does not take part in what the entry is about.
        extra = (environment or {}) if counted else {}
        chosen.append(Program(name, command, {**programs[name].environment, **extra}, counted))
    if spans is not None:
        per_request, admin_ports = fields(spans, f"{where}: spans", ("per_request", "admin_ports"))
        spans = Spans(per_request, tuple(admin_ports))
    return Entry(row, f"{system}, {label}" if label else system, tuple(chosen), spans)


def parse(text, where):
    document = tomllib.loads(text)
    name, entries, processes, version, environment, optional = fields(
        document, where, ("name", "entry", "process"), ("version", "environment", "optional"))
    programs = {key: read_program(key, table, environment or {}, where)
                for key, table in processes.items()}
    return System(name, tuple(version or ()),
                  tuple(read_entry(name, table, programs, where) for table in entries),
                  optional is True)


def load_all():
    """The limit first, then hal9000, then its peers by name."""
    paths = [BENCH / "limit" / "system.toml", BENCH / "hal9000" / "system.toml",
             *sorted(BENCH.glob("peers/*/system.toml"))]
    return [parse(path.read_text(), str(path.relative_to(BENCH.parent))) for path in paths]
