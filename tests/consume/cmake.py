"""cmake as a user types it: no variable of the environment that it could take for a setting."""

import subprocess
from pathlib import Path

from support.process import clean_environment

ROOT = Path(__file__).resolve().parents[2]
COMPILER = "-DCMAKE_CXX_COMPILER=clang++-19"


def cmake(*words, cwd=None, **variables):
    """The ended process with its output in `stdout`."""
    return subprocess.run(["cmake", *map(str, words)], cwd=cwd, env=clean_environment(variables),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def must(done):
    assert done.returncode == 0, done.stdout
    return done
