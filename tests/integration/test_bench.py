"""bench/run on the real programs: it measures, checks the spans and prints its tables."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.machine import BIN

RUN = Path(__file__).resolve().parents[2] / "bench" / "run"
TIMEOUT = 600

pytestmark = pytest.mark.skipif(
    not all(shutil.which(program) for program in ("wrk", "h2load", "nghttp")),
    reason="wrk or h2load (package nghttp2-client) is missing")


def run(*arguments, folder=BIN):
    """Again if the machine had hardly time for a request in the second of a quick run."""
    for _ in range(5):
        done = subprocess.run([sys.executable, RUN, "--quick", "--bin", folder, *arguments],
                              capture_output=True, text=True, check=False, timeout=TIMEOUT)
        if not re.search("has (completed|logged) no request|used no CPU time", done.stderr):
            break
    return done


def test_a_quick_run():
    done = run("rpc/c=4 m=25/hal9000", "chain/c=1/hal9000, traced")
    assert done.returncode == 0, done.stderr
    for start in (r"\| c=4 m=25 \| hal9000 \| [\d.]+ \| 1.00 \|",
                  r"\| c=1 \| hal9000, traced \| [\d.]+ \| 1.00 \|"):
        (line,) = re.findall(f"^{start}.*$", done.stdout, re.MULTILINE)
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        # All but the last, the system calls, which perf may not be allowed to count.
        assert all(re.fullmatch(r"[\d.,]+", cell) for cell in cells[2:-1]), line
    # Less than 3.00 if few requests were made and the end of the load has cut one.
    assert re.search(r"^.*: [\d.]+ to [\d.]+ spans exported per request, none lost\.$", done.stdout,
                     re.MULTILINE)


def test_a_program_that_is_missing_is_named(tmp_path):
    done = run("rpc/c=1 m=1/hal9000", folder=tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path}/hal9000-greeter is missing: `make bench` builds it" in done.stderr


def test_an_unknown_selection_is_refused():
    done = run("rcp")
    assert done.returncode == 2
    assert "no case has rcp in its name" in done.stderr
