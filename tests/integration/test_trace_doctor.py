"""`hal trace doctor` on the collector and on Jaeger's API: what it reads, prints and exits with.
What it finds in real meshes is tested in tests/mesh."""

import json
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from support import CAP
from support.http import ServerThread
from support.machine import HAL
from support.proxy_spans import request, span

MINUTE_US = 60_000_000


@pytest.fixture
def collector(machine):
    """With a way to send spans to it."""
    made = machine.collector()
    address = made.node.metadata["zipkin"].removeprefix("http://")

    def send(spans):
        connection = HTTPConnection(address, timeout=CAP)
        connection.request("POST", "/api/v2/spans", json.dumps(spans),
                           {"Content-Type": "application/json"})
        assert connection.getresponse().status == 202
        connection.close()

    made.send = send
    return made


def now_us():
    return time.time_ns() // 1000


def send_requests(collector, count, broken=False, first=1):
    """Those of the last minute; a request each 10 ms."""
    start = now_us() - MINUTE_US
    for begin in range(0, count, 1000):
        collector.send([made for number in range(begin, min(count, begin + 1000)) for made in
                        request(first + number, start + number * 10_000, broken)])


def doctor(machine, *words, **variables):
    return machine.run(HAL, "trace", "doctor", *words, **variables)


def report(machine, *words, **variables):
    """Exit code and JSON."""
    run = doctor(machine, *words, "--json", **variables)
    code = run.wait()
    assert not run.output("err"), run.output("err")
    return code, json.loads(run.output("out"))


def test_broken_traces(machine, collector):
    send_requests(collector, 40, broken=True)
    run = doctor(machine)
    assert run.wait() == 1
    output = run.output("out")
    assert "api.default forwards x-request-id but no trace context to greeter.default" in output
    assert "40 of 40 calls" in output and "x-b3-traceid" in output
    assert "1 finding in 80 traces of 3 meshed services" in output
    assert "\033" not in output and not run.output("err")


def test_healthy_traces(machine, collector):
    send_requests(collector, 40)
    run = doctor(machine)
    assert run.wait() == 0
    assert "Nothing found in 40 traces of 3 meshed services" in run.output("out")


def test_no_traces(machine, collector):
    run = doctor(machine)
    assert run.wait() == 0
    assert "No traces to judge" in run.output("out")


def test_json(machine, collector):
    send_requests(collector, 3, broken=True)
    code, found = report(machine)
    assert code == 1
    (finding,) = found["findings"]
    assert (finding["cause"], finding["service"], finding["upstream"], finding["provider"]) == (
        "no-context", "api.default", "greeter.default", "zipkin")
    assert finding["headers"] == ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled"]
    newest = finding["evidence"][0]
    assert newest["request"] == {"trace_id": f"{0x100003:032x}",
                                 "span_id": "0010000300000002",
                                 "request_id": "00000003-0000-9000-8000-000000000000"}
    assert newest["call"]["trace_id"] == f"{0x200003:032x}"
    assert newest["node_id"] == "sidecar~10.0.0.1~api.default"
    assert newest["upstream_cluster"] == "outbound|8080||greeter.default.svc.cluster.local"


def test_one_trace_and_its_other_half(machine, collector):
    send_requests(collector, 5, broken=True)
    send_requests(collector, 5, first=100)
    for trace in (0x100002, 0x200002):
        code, found = report(machine, f"{trace:032x}")
        assert code == 1
        (finding,) = found["findings"]
        assert finding["evidence"][0]["call"]["trace_id"] == f"{0x200002:032x}"
    code, found = report(machine, f"{0x100000 + 102:032x}")
    assert code == 0 and found["findings"] == []


def test_one_trace_at_once(machine, collector):
    collector.send(request(1, now_us() - 100_000, broken=True))
    for trace in (0x100001, 0x200001):
        code, found = report(machine, f"{trace:032x}", "--settle=1h")
        assert code == 1 and len(found["findings"]) == 1
    collector.send(request(2, now_us() - 100_000))
    run = doctor(machine, f"{0x100002:032x}", "--settle=1h")
    assert run.wait() == 2
    assert "its other half may still be arriving" in run.output("out").replace("\n", " ")
    code, found = report(machine, f"{0x100002:032x}", "--settle=0s")
    assert code == 0 and not found["is_too_early"]


def test_new_traces_are_still_arriving(machine, collector):
    collector.send(request(1, now_us() - 100_000, broken=True))
    code, found = report(machine, "--settle=1h")
    assert code == 0 and found["arriving"] == 2 and found["traces"] == 0
    code, found = report(machine, "--settle=0s")
    assert code == 1 and found["arriving"] == 0 and found["traces"] == 2


def test_limit_and_lookback(machine, collector):
    send_requests(collector, 1200, broken=True)
    code, found = report(machine, "--limit=1500")
    assert code == 1 and found["traces"] == 1500 and found["is_cut"]
    code, found = report(machine, "--limit=5000")
    assert found["traces"] == 2400 and not found["is_cut"]
    assert found["findings"][0]["calls"] == 1200
    code, found = report(machine, "--lookback=5s")
    assert code == 0 and found["traces"] == 0


def test_one_service(machine, collector):
    send_requests(collector, 3, broken=True)
    code, found = report(machine, "--service=gateway.istio")
    assert code == 0 and found["traces"] == 3
    code, found = report(machine, "--service=api.default")
    assert code == 1 and found["traces"] == 6


class JaegerApi:
    """Jaeger's query API in front of a collector's: it wants a service with each search, and may
    have a `failure` for all of them. The real one is in tests/mesh."""

    def __init__(self, collector):
        self.targets, self.failure = [], None

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                self.targets.append(handler.path)
                target = urlsplit(handler.path)
                if target.path == "/api/traces" and "service" not in parse_qs(target.query):
                    status, body = 400, json.dumps({"data": None, "errors": [
                        {"code": 400, "msg": "parameter 'service' is required"}]}).encode()
                elif target.path == "/api/traces" and self.failure:
                    status, body = 500, self.failure.encode()
                else:
                    answer = collector.traces.get(handler.path)
                    status, body = answer.status, answer.body
                handler.send_response(status)
                handler.send_header("Content-Type", "application/json")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ServerThread(Handler)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def close(self):
        self._server.close()


@pytest.fixture
def jaeger(collector):
    api = JaegerApi(collector)
    yield api
    api.close()


def test_jaeger_is_asked_for_each_service(machine, collector, jaeger):
    send_requests(collector, 10, broken=True)
    code, found = report(machine, "--jaeger", jaeger.url)
    assert code == 1 and found["traces"] == 20
    assert found["findings"][0]["calls"] == 10
    assert sum("service=" in target for target in jaeger.targets) == 3
    code, found = report(machine, f"{0x200002:032x}", "--jaeger", jaeger.url)
    assert code == 1 and len(found["findings"]) == 1


def test_jaeger_without_its_flag_says_what_is_missing(machine, jaeger):
    run = doctor(machine, HAL_COLLECTOR_URL=jaeger.url)
    assert run.wait() == 2
    assert ("parameter 'service' is required; for Jaeger itself use --jaeger <url>"
            in run.output("err"))
    run = doctor(machine, "f" * 32, HAL_COLLECTOR_URL=jaeger.url)
    assert run.wait() == 2
    assert "--jaeger" not in run.output("err")


@pytest.mark.parametrize("failure, reason", [
    ('{"data":null,"errors":[{"code":500,"msg":"search depth must be less than max traces"}]}',
     " answered 500: search depth must be less than max traces\n"),
    ("upstream connect error", " answered 500\n"),
], ids=["json", "text"])
def test_a_failure_of_jaegers_is_told_with_its_reason(machine, collector, jaeger, failure, reason):
    send_requests(collector, 1)
    jaeger.failure = failure
    run = doctor(machine, "--jaeger", jaeger.url)
    assert run.wait() == 2
    said = run.output("err") + "\n"
    assert f"{jaeger.url}/api/traces?" in said and reason in said


def test_the_last_trace_of_jaeger(machine, collector, jaeger):
    def show():
        run = machine.run(HAL, "trace", "show", "last", HAL_COLLECTOR_URL=jaeger.url)
        return run.wait(), run.output()

    code, said = show()
    assert code == 1 and f"{jaeger.url} has no traces yet" in said
    send_requests(collector, 3)
    # Jaeger traces those who look at its page.
    collector.send([span(f"{0x300000:032x}", 1, "jaeger", "SERVER", 0, "", now_us(), "")])
    code, said = show()
    assert code == 0 and f"{0x100003:032x}" in said, said


@pytest.mark.parametrize("words, message", [
    (("--nonsense",), "--nonsense"),
    (("--limit=0",), "--limit='0'"),
    (("--lookback=soon",), "--lookback='soon'"),
    (("xyz",), "'xyz' is no trace id"),
    (("a", "b"), "usage: hal trace doctor"),
    ((), "no collector runs on this machine"),
    (("--jaeger=nowhere",), "nowhere"),
    (("--jaeger=http://127.0.0.1:1",), "127.0.0.1:1"),
    (("f" * 32, "--jaeger=http://127.0.0.1:1"), "127.0.0.1:1"),
], ids=str)
def test_what_cannot_be_done_is_exit_code_2(machine, words, message):
    run = doctor(machine, *words)
    assert run.wait() == 2
    assert message in run.output("err")
    assert not run.output("out")


def test_a_trace_that_is_not_there(machine, collector):
    run = doctor(machine, "f" * 32)
    assert run.wait() == 2
    assert "has no trace " + "f" * 32 in run.output("err")


def test_help(machine):
    run = doctor(machine, "--help")
    assert run.wait() == 0
    assert "--jaeger" in run.output("out") and "Exit code" in run.output("out")
    of_trace = machine.run(HAL, "trace", "--help")
    assert of_trace.wait() == 0
    assert "trace doctor [id]" in of_trace.output("out")
