#!/usr/bin/env python3
"""Builds Go programs on go-micro 1.18 and go-plugins 1.5.1. Needs go and protoc.

usage: build.py --work FOLDER [--require MODULE@VERSION]... OUT=PROGRAM...

PROGRAM: a folder with a package main, which may import hal9000.invalid/gomicro/greeterpb. OUT: the
file to make. --work: where all is put together; it may be used again. --require: a module beside
those of go.mod.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
GREETER = HERE.parents[2] / "proto" / "greeter.proto"
# Their go.mod files ask for modules that are gone, for parts that nobody here imports: copies of
# the two, with a go.mod that asks for nothing, do.
CUT = ("github.com/micro/go-micro", "github.com/micro/go-plugins")


def find_go():
    """None without one."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def run(command, folder):
    """The output of a command. CalledProcessError when it fails."""
    environment = {**os.environ, "GOWORK": "off", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    return subprocess.run([str(word) for word in command], cwd=folder, env=environment, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


def _put(source, target):
    """A copy whose files can be written, as those of the module cache cannot. It appears whole."""
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(source, new, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(new):
        os.chmod(folder, 0o755)
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


class Workshop:
    """A Go module with what its replacements name beside it. `run(command, folder)` runs a
    command and returns its output."""

    def __init__(self, work, runner=run):
        self._run = runner
        self._go = find_go()
        self._work = Path(work).resolve()
        self._module = self._work / "module"

    def prepare(self, require=()):
        self._module.mkdir(parents=True, exist_ok=True)
        for path in CUT:
            self._cut(path)
        _put(HERE / "quic", self._work / "quic")
        (self._work / "quic" / "go.mod").write_text("module github.com/lucas-clemente/quic-go\n")
        shutil.copyfile(HERE / "go.mod", self._module / "go.mod")
        for wanted in require:
            self._run([self._go, "mod", "edit", f"-require={wanted}"], self._module)
        self._generate()

    def build(self, program, out):
        """The program of a folder."""
        source, out = Path(program).resolve(), Path(out).resolve()
        _put(source, self._module / source.name)
        new = out.with_name(out.name + ".new")
        # One package at a time: this is built beside other things.
        self._run([self._go, "build", "-p", "1", "-trimpath", "-ldflags", "-s -w", "-o", new,
                   f"./{source.name}"], self._module)
        new.rename(out)

    def _cut(self, path):
        target = self._work / path.rsplit("/", 1)[1]
        if (target / "go.mod").exists():
            return
        version = re.search(rf"^\t{re.escape(path)} (v\S+)$", (HERE / "go.mod").read_text(),
                            re.MULTILINE).group(1)
        found = json.loads(self._run([self._go, "mod", "download", "-json", f"{path}@{version}"],
                                     Path("/")))
        _put(found["Dir"], target)
        (target / "go.mod").write_text(f"module {path}\n")

    def _generate(self):
        """The messages, by the generator of the time."""
        generator = self._work / "protoc-gen-go"
        self._run([self._go, "build", "-o", generator,
                   "github.com/golang/protobuf/protoc-gen-go"], self._module)
        out = self._module / "greeterpb"
        out.mkdir(exist_ok=True)
        self._run(["protoc", f"--plugin={generator}", f"--proto_path={GREETER.parent}",
                   f"--go_out=import_path=greeterpb:{out}", GREETER.name], self._module)


def sources():
    """All that the programs of the tests are made of."""
    return [GREETER, *sorted(path for path in HERE.rglob("*") if path.suffix in (".go", ".mod"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True)
    parser.add_argument("--require", action="append", default=[])
    parser.add_argument("programs", nargs="+", metavar="OUT=PROGRAM")
    options = parser.parse_args()
    if not find_go():
        parser.exit(1, "build.py: there is no Go toolchain (go)\n")
    workshop = Workshop(options.work)
    workshop.prepare(options.require)
    for pair in options.programs:
        out, program = pair.split("=", 1)
        workshop.build(program, out)


if __name__ == "__main__":
    main()
