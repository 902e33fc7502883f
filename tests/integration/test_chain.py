"""One request crosses two services and comes back as one trace."""

import json
import subprocess
from pathlib import Path

import pytest

from support import CAP
from support.machine import Chain
from support.traces import CHAIN, ask_until, in_order, problems

GOLDEN = Path(__file__).resolve().parents[2] / "hal" / "wire" / "testdata" / "golden-headers.json"
TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "a2fb4a1d1a96d312"


def test_ping_needs_no_greeter(machine):
    api = machine.api()
    response = api.get("/api/v1/ping")
    assert (response.status, response.json()) == (200, {"status": "OK"})


def test_hello(chain):
    response = chain.api.get("/api/v1/hello/ww")
    assert (response.status, response.json()) == (200, {"status": "OK", "message": "world"})
    assert response.header("content-type").startswith("application/json")


def test_hello_by_curl(chain):
    answer = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", "--max-time", str(CAP),
         f"http://{chain.api.address}/api/v1/hello/ww"], capture_output=True, check=True)
    assert json.loads(answer.stdout) == {"status": "OK", "message": "world"}


def test_the_trace_is_api_server_client_greeter_server(chain):
    response = chain.api.get("/api/v1/hello/ww?lang=en", {"x-request-id": "the-trace",
                                                          "user-agent": "tests/1"})
    assert response.status == 200
    spans = in_order(chain.collector.traces.wait_whole("the-trace"))
    assert [(span.service, span.kind) for span in spans] == CHAIN
    assert [span.name for span in spans] == ["GET /api/v1/hello/:id", "greeter.Greeter/SayHello",
                                             "greeter.Greeter/SayHello"]
    edge, client, server = (span.tags for span in spans)
    assert edge["http.request.method"] == "GET"
    assert edge["http.route"] == "/api/v1/hello/:id"
    assert edge["url.path"] == "/api/v1/hello/ww"
    assert edge["url.query"] == "lang=en"
    assert edge["url.scheme"] == "http"
    assert edge["http.response.status_code"] == 200
    assert edge["user_agent.original"] == "tests/1"
    assert edge["network.peer.address"] == "127.0.0.1"
    for tags in (client, server):
        assert tags["rpc.system.name"] == "grpc"
        assert tags["rpc.method"] == "greeter.Greeter/SayHello"
        assert tags["rpc.status_code"] == "OK"
    assert client["server.address"]
    assert server["network.peer.address"] == "127.0.0.1"
    assert not any("error" in span.tags or "error.type" in span.tags for span in spans)
    assert spans[0].request_id == spans[2].request_id == "the-trace"


def test_a_request_id_is_made_when_none_comes(chain):
    assert chain.api.get("/api/v1/hello/no-id").status == 200
    traced = chain.greeter.wait_line(r'"hello no-id" trace_id=([0-9a-f]{32}) ').group(1)
    spans = chain.collector.traces
    request_ids = set()

    def whole():
        found = spans.trace(traced)
        request_ids.update(span.request_id for span in found if span.request_id)
        return found and not problems(found)

    assert ask_until(whole)
    (request_id,) = request_ids
    # A UUID whose version digit tells every sidecar that the trace is sampled.
    assert len(request_id) == 36 and request_id[14] == "9"


def test_the_greeters_log_line_carries_the_trace(chain):
    chain.api.get("/api/v1/hello/in-the-log", {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN,
                                               "x-b3-sampled": "1", "x-request-id": "log-line"})
    found = chain.greeter.wait_line(
        r'message="hello in-the-log" trace_id=([0-9a-f]{32}) span_id=([0-9a-f]{16})')
    assert found.group(1) == TRACE


def test_an_id_is_decoded(chain):
    assert chain.api.get("/api/v1/hello/a%20b%2Fc%C3%A9").status == 200
    chain.greeter.wait_line('message="hello a b/c\u00e9"')


# A context that comes in, in each format, is the parent of the whole chain.
INBOUND = {
    "multi": {"x-b3-traceid": "1" * 31 + "a", "x-b3-spanid": SPAN, "x-b3-sampled": "1"},
    "multi with a parent": {"x-b3-traceid": "1" * 31 + "b", "x-b3-spanid": SPAN,
                            "x-b3-sampled": "1", "x-b3-parentspanid": "0020000000000001"},
    "single": {"b3": "1" * 31 + f"c-{SPAN}-1"},
    "single debug": {"b3": "1" * 31 + f"d-{SPAN}-d"},
    "traceparent": {"traceparent": "00-" + "1" * 31 + f"e-{SPAN}-01"},
    "traceparent and tracestate": {"traceparent": "00-" + "1" * 31 + f"f-{SPAN}-01",
                                   "tracestate": "vendor=1"},
    "both agree": {"x-b3-traceid": "2" * 31 + "a", "x-b3-spanid": SPAN, "x-b3-sampled": "1",
                   "traceparent": "00-" + "2" * 31 + f"a-{SPAN}-01"},
}


@pytest.mark.parametrize("case", INBOUND)
def test_an_inbound_context_is_joined(chain, case):
    request_id = "joined " + case
    assert chain.api.get("/api/v1/hello/ww",
                         {**INBOUND[case], "x-request-id": request_id}).status == 200
    spans = in_order(chain.collector.traces.wait_whole(request_id, remote_parent=SPAN))
    assert spans[0].trace_id in str(INBOUND[case].values())
    assert spans[0].parent_id == SPAN
    assert spans[0].id != SPAN


def test_a_64_bit_trace_id_is_joined(chain):
    chain.api.get("/api/v1/hello/ww", {"x-b3-traceid": "48485a3953bb6124", "x-b3-spanid": SPAN,
                                       "x-b3-sampled": "1", "x-request-id": "64 bit"})
    spans = chain.collector.traces.wait_whole("64 bit", remote_parent=SPAN)
    assert spans[0].trace_id == "000000000000000048485a3953bb6124"


@pytest.mark.parametrize("headers", [
    {"traceparent": f"00-{TRACE}-0000000000000000-01"},
    {"traceparent": f"ff-{TRACE}-{SPAN}-01"},
    {"x-b3-traceid": "xyz", "x-b3-spanid": SPAN, "x-b3-sampled": "1"},
    {"b3": "-"},
], ids=["zero span id", "version ff", "no hexadecimal", "b3 of a hyphen"])
def test_a_malformed_context_starts_a_new_trace(chain, headers):
    request_id = "malformed " + "".join(headers.values())
    assert chain.api.get("/api/v1/hello/ww", {**headers, "x-request-id": request_id}).status == 200
    spans = in_order(chain.collector.traces.wait_whole(request_id))
    assert spans[0].parent_id == "" and spans[0].trace_id != TRACE


def test_header_sets_of_real_sidecars_are_joined(machine):
    """Recorded sets, with the trace and parent that the sidecar had."""
    sets = [one for one in json.loads(GOLDEN.read_text()) if int(one["want_trace"], 16)]
    chain = Chain(machine)
    for number, one in enumerate(sets):
        headers = [*map(tuple, one["headers"]), ("x-request-id", f"golden-{number}")]
        assert chain.api.get("/api/v1/hello/ww", headers).status == 200
    by_request = {}
    for spans in chain.flush().traces(10000):
        ids = {span.id for span in spans}
        for span in spans:
            if span.kind == "client" or span.request_id:
                assert span.parent_id in ids or span.service == "hal9000-api", span
            if span.service == "hal9000-api" and span.kind == "server":
                by_request[span.request_id] = span
    for number, one in enumerate(sets):
        span = by_request[f"golden-{number}"]
        label = f"{one['envoy']} {one['mode']} {one['vector']}"
        assert (span.trace_id, span.parent_id) == (one["want_trace"], one["want_parent"]), label


def test_an_unsampled_trace_makes_no_spans_and_goes_on(machine):
    chain = Chain(machine)
    chain.api.get("/api/v1/hello/unsampled", {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN,
                                              "x-b3-sampled": "0", "x-request-id": "unsampled"})
    chain.api.get("/api/v1/hello/sampled", {"x-request-id": "sampled"})
    # The ids went on: the greeter's log has them.
    found = chain.greeter.wait_line('"hello unsampled" trace_id=([0-9a-f]+)')
    assert found.group(1) == TRACE
    traces = chain.flush()
    assert traces.trace(TRACE) == []
    (only,) = traces.traces()
    assert {span.request_id for span in only} == {"sampled", ""}


def test_spans_travel_as_gzip_too(machine):
    chain = Chain(machine, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    assert chain.api.get("/api/v1/hello/ww", {"x-request-id": "small"}).status == 200
    assert not problems(chain.flush().of_request("small"))


def test_without_a_greeter_503_and_back_when_it_is_back(machine):
    chain = Chain(machine)
    assert chain.api.get("/api/v1/hello/ww").status == 200
    chain.greeter.stop()
    response = chain.api.get("/api/v1/hello/ww", {"x-request-id": "nobody"})
    assert response.status == 503
    assert response.error == "service unavailable"  # nothing of what lies behind the edge
    chain.api.wait_line("no node of 'hal9000-greeter'")
    chain.greeter = machine.greeter()
    assert chain.api.get("/api/v1/hello/ww").status == 200
    traces = chain.flush()
    spans = in_order(traces.of_request("nobody"))
    assert not problems(spans, CHAIN[:2])
    assert spans[0].tags["http.response.status_code"] == 503
    assert spans[0].tags["error.type"] == "503" and spans[0].tags["error"] is True
    assert spans[1].tags["rpc.status_code"] == "UNAVAILABLE"


def test_after_a_kill_the_next_request_finds_another_greeter(machine):
    greeters = [machine.greeter(), machine.greeter()]
    api = machine.api(HAL_WORKERS=1)

    def serving(text):
        return next((one for one in greeters if f"hello {text}" in one.output()), None)

    assert api.get("/api/v1/hello/before").status == 200
    assert ask_until(lambda: serving("before"))
    killed = serving("before")
    killed.kill()
    assert api.get("/api/v1/hello/after").status == 200
    assert ask_until(lambda: serving("after"))
    assert serving("after") is not killed


def test_two_machines_do_not_see_each_other(machine, chain):
    """A registry folder of its own: this api finds no greeter although one runs."""
    api = machine.api()
    assert api.get("/api/v1/hello/ww").status == 503
    assert chain.api.get("/api/v1/hello/ww").status == 200
