"""W3C Trace Context, both levels, as its own judges ask: a request with raw headers comes in, and
the calls that it causes are looked at. The cases are hal/wire/testdata/w3c-vectors.json."""

import json
import re

import pytest

from support import http, rpc
from support.harness import Harness
from support.trace_table import NAMES, rows

ROWS = rows("w3c-vectors.json")
KINDS = list(dict.fromkeys(row.kind for row in ROWS))
LEVELS = [(level, kind) for level in (1, 2) for kind in KINDS
          if any(row.kind == kind and row.level <= level for row in ROWS)]
TRACE, SPAN = NAMES["T"], NAMES["S"]
PARENT = [("traceparent", f"00-{TRACE}-{SPAN}-01")]


@pytest.fixture(scope="module")
def harness(shared_machine):
    recorders = http.Recorder(), rpc.StandIn(lambda text, context: "[]")
    yield Harness(shared_machine, *recorders)
    for recorder in recorders:
        recorder.stop()


@pytest.fixture
def callback(harness, request):
    """An address of this test's own, and what has come to it."""
    path = f"/{request.node.name}"
    harness.callbacks.calls[path] = []
    return harness.callbacks.url + path, harness.callbacks.calls[path]


def contexts(row, harness, number):
    """Trace id, parent id, flags and tracestate's members of each call that the request causes.
    `number`: no other request has it."""
    paths = [f"/{number}/{index}" for index in range(row.calls)]
    body = json.dumps([{"url": harness.callbacks.url + path, "arguments": []} for path in paths])
    response = harness.request(row.headers, body)
    assert (response.status, response.body) == (200, b"[]")
    for path in paths:
        (headers, _), = harness.callbacks.calls.pop(path)
        parents = [value for name, value in headers if name.lower() == "traceparent"]
        states = [value for name, value in headers if name.lower() == "tracestate"]
        assert len(parents) == 1
        found = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", parents[0])
        assert found, parents
        assert int(found[1], 16) and int(found[2], 16)
        members = [member.strip(" \t") for state in states for member in state.split(",")]
        yield found[1], found[2], int(found[3], 16), [member for member in members if member]


@pytest.mark.parametrize("level, kind", LEVELS, ids=[f"{level} {kind}" for level, kind in LEVELS])
def test_trace_context(harness, level, kind):
    for number, row in enumerate(ROWS):
        if row.kind != kind or row.level > level:
            continue
        parents = []
        for trace, parent, flags, members in contexts(row, harness, f"{level}/{number}"):
            if row.trace:
                assert trace == row.trace, row
            else:
                assert all(trace not in value for _, value in row.headers), row
            assert parent != row.span
            assert flags & 1 == (row.sampling in ("", "accepted")), row
            if level == 2:  # a new trace has a random id, and says so
                assert flags == (flags & 1) + 2 * (row.random or not row.trace), row
            assert members == [member for member in row.state.split(",") if member], row
            parents.append((trace, parent))
        assert len({trace for trace, _ in parents}) == 1, "calls of one request, one trace"
        assert len(set(parents)) == row.calls, "each call is a span of its own"


def test_calls_are_made_in_turn_with_their_arguments(harness, callback):
    url, calls = callback
    nested = [{"url": "http://x", "arguments": [1, {"a": None}]}]
    body = json.dumps([{"url": url, "arguments": nested}, {"url": url, "arguments": []},
                       {"url": url}])
    assert harness.request([], body).body == b"[]"
    assert [json.loads(body) for _, body in calls] == [nested, [], []]
    assert all(dict(headers)["content-type"] == "application/json" for headers, _ in calls)


def test_a_chain_through_itself_is_one_trace(harness, callback):
    url, calls = callback
    itself = f"http://{harness.address}/test"
    body = json.dumps([{"url": itself, "arguments": [
        {"url": itself, "arguments": [{"url": url, "arguments": []}]}]}])
    assert harness.request(PARENT + [("tracestate", "a=1")], body).status == 200
    (headers, _), = calls
    headers = {name.lower(): value for name, value in headers}
    assert headers["traceparent"].startswith(f"00-{TRACE}-") and SPAN not in headers["traceparent"]
    assert headers["tracestate"] == "a=1"


@pytest.mark.parametrize("body, status, words", [
    ("", 400, "no JSON"),
    ("[", 400, "no JSON"),
    ("[] []", 400, "no JSON"),
    ("[" * 100, 400, "no JSON"),
    ("{}", 400, "no array"),
    (json.dumps([{}] * 65), 400, "at most 64"),
    ("[1]", 400, "element 0"),
    ('[{"arguments":[]}]', 400, 'element 0 is no object with a text "url"'),
    ('[{"url":1}]', 400, "element 0"),
    ('[{"url":"http://a","arguments":{}}]', 400, 'element 0: "arguments" is no array'),
    ('[{"url":"ftp://a/"}]', 400, "ftp://a/"),
    ('[{"url":"http://127.0.0.1:1/"}]', 503, "unavailable"),
])
def test_what_is_wrong_is_told(harness, body, status, words):
    response = harness.request([], body)
    assert response.status == status
    assert words in response.error


@pytest.mark.parametrize("method, path", [("POST", "/untraced/test"), ("PUT", "/test")])
def test_a_skipped_request_has_no_span_and_its_headers_travel(machine, harness, method, path):
    collector = machine.collector()
    skipping = Harness(machine, harness.callbacks, harness.greeter,
                       OTEL_EXPORTER_OTLP_ENDPOINT=collector.node.metadata["otlp"])
    for pairs in skipping.by_http(PARENT + [("baggage", "k=v")], method, path).values():
        headers = dict(pairs)
        assert headers["traceparent"] == f"00-{TRACE}-{SPAN}-01"
        assert (headers["x-b3-traceid"], headers["x-b3-spanid"]) == (TRACE, SPAN)
        assert headers["baggage"] == "k=v"
        assert headers["x-request-id"][14] == "9"
    skipping.by_http([], "POST", "/test")
    skipping.service.stop()
    # The skipped one has left nothing: three spans of the other request are all.
    (spans,) = collector.traces.traces()
    assert len(spans) == 3
