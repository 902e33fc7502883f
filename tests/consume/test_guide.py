"""docs/guides/first-service.md, done by a machine: its files are written, its lines are typed, and
what comes back is what it says. Ports are free ones, and the prefix is this run's."""

import json
import os
import re
import subprocess

import pytest

from cmake import ROOT, must
from guide import Guide
from support import rpc
from support.machine import ANY_PORT
from support.process import clean_environment
from support.traces import ask_until

GUIDE = Guide(ROOT / "docs" / "guides" / "first-service.md")
PREFIX = "/opt/hal9000"


def chosen(*programs):
    return [command for command in GUIDE.commands if command.words[0] in programs]


@pytest.fixture(scope="module")
def folder(prefix, tmp_path_factory):
    """The guide's files, built as it says."""
    stars = tmp_path_factory.mktemp("stars")
    for name, content in GUIDE.files.items():
        (stars / name).write_text(content)
    for command in chosen("cmake"):
        words = [word.replace(PREFIX, str(prefix)) for word in command.words]
        must(run(words, stars, CMAKE_BUILD_PARALLEL_LEVEL=os.cpu_count()))
    return stars


def run(words, folder, **variables):
    return subprocess.run(words, cwd=folder, env=clean_environment(variables),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


@pytest.fixture(scope="module")
def ports(machine, prefix, folder):
    """The system of the guide, started in its order: its ports -> the real ones."""
    real = {}
    for command in chosen("hal"):
        if command.words == ["hal", "up"]:
            machine.run(prefix / "bin" / "hal", "up", *ANY_PORT).wait_line("^Serving")
    for command in chosen("build/catalog", "build/edge"):
        if not command.output:
            service = machine.service(folder / command.words[0])
            real[command.variables["SERVICE_PORT"]] = str(service.port)
    return real


def with_ports(word, ports):
    return re.sub(r"127\.0\.0\.1:(\d+)", lambda found: f"127.0.0.1:{ports[found[1]]}", word)


def only(commands):
    (command,) = commands
    return command


def test_nothing_in_the_guide_is_left_out():
    assert len(GUIDE.files) == len(GUIDE.blocks) - len(GUIDE.dialogues)
    known = {"make", "export", "cmake", "ctest", "hal", "build/catalog", "build/edge", "curl",
             "grpcurl"}
    assert {command.words[0] for command in GUIDE.commands if command.words} <= known


def test_it_is_installed_by_make():
    words = only(chosen("make")).words
    done = must(run([*words, "--dry-run"], ROOT))
    assert done.stdout.endswith(f"cmake --install build/release --prefix '{PREFIX}'\n")


def test_its_unit_test_passes(folder):
    done = must(run(only(chosen("ctest")).words, folder))
    assert "100% tests passed, 0 tests failed out of 1" in done.stdout


@pytest.mark.parametrize("command", chosen("curl"), ids=lambda command: command.line)
def test_curl(command, ports, folder):
    words = [with_ports(word, ports) for word in command.words]
    done = must(run([words[0], "--silent", *words[1:]], folder))
    assert done.stdout == command.output.rstrip("\n")


def test_grpcurl(ports, folder, tmp_path):
    """The call that it makes of its arguments, by grpcio."""
    from google.protobuf import json_format
    command = only(chosen("grpcurl"))
    _, plain, data_flag, data, address, method = command.words
    assert (plain, data_flag) == ("-plaintext", "-d")
    stars = rpc.generate(tmp_path, folder / "stars.proto")
    request = json_format.Parse(data, stars.FindStarRequest())
    with rpc.channel(with_ports(address, ports)) as channel:
        answer = channel.unary_unary(f"/{method}", stars.FindStarRequest.SerializeToString,
                                     stars.Star.FromString)(request)
    assert json_format.MessageToDict(answer) == json.loads(command.output)


def spans(tree):
    """(service, span, kind) of each line of a tree."""
    return re.findall(r"^ +(?:└─ )?(\S+) +(\S.*?) +(server|client) ", tree, re.MULTILINE)


def test_the_trace_of_a_request(machine, prefix, ports, folder):
    show = only(command for command in chosen("hal") if "trace" in command.words)
    request = chosen("curl")[0]
    must(run([with_ports(word, ports) for word in request.words], folder))
    shown = []

    def as_in_the_guide():
        process = machine.run(prefix / "bin" / "hal", *show.words[1:])
        process.wait()
        shown[:] = [process.output()]
        return spans(shown[0]) == spans(show.output)

    assert len(spans(show.output)) == 3
    assert ask_until(as_in_the_guide), shown[0]


def test_a_refused_option(folder):
    command = only(command for command in chosen("build/edge") if command.output)
    done = run(command.words, folder, **command.variables)
    assert (done.returncode, done.stdout) == (2, command.output)
