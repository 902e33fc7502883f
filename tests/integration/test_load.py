"""10,000 requests at 50 connections: every one is answered, and every one is a whole trace."""

import re
import shutil
import subprocess

import pytest

from support import CAP
from support.machine import Chain
from support.traces import ask_until, problems

REQUESTS = 10_000
CONNECTIONS = 50


@pytest.mark.skipif(not shutil.which("h2load"), reason="h2load (package nghttp2-client) is missing")
def test_ten_thousand_whole_traces(machine):
    chain = Chain(machine, HAL_LOG_LEVEL="info")
    load = subprocess.run(
        ["h2load", "--h1", "-n", str(REQUESTS), "-c", str(CONNECTIONS),
         f"http://{chain.api.address}/api/v1/hello/ww"],
        capture_output=True, text=True, timeout=2 * CAP, check=True)
    answers = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", load.stdout)
    assert answers.groups() == (str(REQUESTS), "0", "0", "0"), load.stdout
    outcome = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", load.stdout)
    assert outcome.groups() == (str(REQUESTS), "0", "0", "0"), load.stdout

    # Each span ends after its answer has gone out: the last ones may still be on their way.
    expected = {chain.api: 2 * REQUESTS, chain.greeter: REQUESTS}
    for service, spans in expected.items():
        assert ask_until(lambda: service.counter("hal_spans_recorded_total") == spans)
        assert service.counter("hal_spans_dropped_total") == 0
        assert service.counter("hal_traces_dropped_total") == 0

    traces = chain.flush().traces(100_000)
    broken = [(spans[0].trace_id, problems(spans)) for spans in traces if problems(spans)]
    assert broken == []
    assert len(traces) == REQUESTS
