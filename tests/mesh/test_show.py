"""`make mesh ARGS=--break`: what a person gets to see."""

import os
import re
import subprocess
import sys
from pathlib import Path

from support.load import CAP

SHOW = Path(__file__).with_name("show.py")


def test_broken(newest):
    done = subprocess.run([sys.executable, SHOW, "--break", "--mode=zipkin", f"--envoy={newest}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CAP,
                          check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    traces = re.findall(r"^trace ([0-9a-f]{32})  (\d) spans", done.stdout, re.MULTILINE)
    assert [spans for _, spans in traces] == ["3", "2"], done.stdout
    asked = done.stdout.index("$ hal trace doctor")
    found = done.stdout[asked:]
    assert re.search(r"^✗ hal9000-api\.default forwards x-request-id but no trace context to "
                     r"hal9000-greeter\.default$", found, re.MULTILINE), found
    assert all(trace_id in found for trace_id, _ in traces), found
    assert "1 finding in 2 traces of 3 meshed services" in found
