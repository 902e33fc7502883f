"""Programs of Go modules, built once into a folder outside the repository."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest


def _cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hal9000"


class GoPrograms:
    """All builds of a run share the seconds that `variable` allows: what does not fit is skipped,
    and Go's own cache lets the next run go on from there. With 0 seconds nothing is built, and only
    what a former run has built is there. `what` they are is for the messages."""

    def __init__(self, variable, seconds, what):
        self.variable = variable
        self.seconds = float(os.environ.get(variable) or seconds)
        self.what = what
        self._spent = 0.0

    def find_go(self):
        found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
        if not found:
            pytest.skip(f"there is no Go toolchain (go): {self.what} are not built")
        return found

    def run(self, command, folder, **variables):
        """What it prints. The test fails where it does; where modules do not come, at a second
        try either, it is skipped: that says nothing of us."""
        environment = {**os.environ, "GOWORK": "off",
                       **{name: str(value) for name, value in variables.items()}}
        done = self._run(command, folder, environment)
        if done.returncode and command[1] in ("mod", "get", "install"):
            done = self._run(command, folder, environment)
            if done.returncode:
                pytest.skip(f"{' '.join(map(str, command[:3]))} failed twice: {done.stderr[-500:]}")
        if done.returncode:
            pytest.fail(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}"
                        f"{done.stderr[-2000:]}")
        return done.stdout

    def _run(self, command, folder, environment):
        started = time.monotonic()
        try:
            return subprocess.run([str(word) for word in command], cwd=folder, env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=max(1.0, self.seconds - self._spent))
        except subprocess.TimeoutExpired:
            pytest.skip(f"{folder.name} is not built yet: its Go packages took more than "
                        f"{self.variable}={self.seconds:.0f}")
        finally:
            self._spent += time.monotonic() - started

    def built(self, name, version, build):
        """The program, built by `build(folder)` unless a former run has done so."""
        folder = _cache() / f"{name}-{version}"
        program = folder / name
        if not program.exists():
            if self.seconds <= 0:
                pytest.skip(f"{name} is not built: {self.variable} allows it no time")
            folder.mkdir(parents=True, exist_ok=True)
            build(folder)
            assert program.exists(), f"{name} was not built in {folder}"
        return program
