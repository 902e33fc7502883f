"""Every row of the tables of trace headers through sockets: HTTP and gRPC in, HTTP and gRPC out."""

import json
import re

import pytest

from support import http, rpc
from support.harness import Harness, plain
from support.trace_table import NAMES, expanded, golden_rows, rows

# What a request has beside the headers that are looked at.
TRANSPORT = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-length",
             "content-type", "te", "grpc-timeout", "grpc-accept-encoding"}
ROWS = {"vectors": rows("trace-vectors.json"), "w3c": rows("w3c-vectors.json"),
        "golden": golden_rows()}


@pytest.fixture(scope="module")
def recorders():
    # By itself gRPC's core refuses more than 8 KB of metadata.
    options = [("grpc.max_metadata_size", 65536), ("grpc.absolute_max_metadata_size", 65536)]
    made = http.Recorder(), rpc.StandIn(lambda text, context: "[]", options=options)
    yield made
    for recorder in made:
        recorder.stop()


@pytest.fixture(scope="module")
def harness_of(shared_machine, recorders):
    """The harness in this mode, with what the mesh's operator says of it."""
    made = {}

    def get(mode, provider="auto"):
        if (mode, provider) not in made:
            made[mode, provider] = Harness(shared_machine, *recorders, HAL_TRACE_MODE=mode,
                                           HAL_MESH_PROVIDER=provider)
        return made[mode, provider]

    return get


def is_sampled(row):
    return row.sampling in ("accepted", "debug")


class Sent:
    """The headers of one call."""

    def __init__(self, outbound, pairs):
        self.shows_binary = outbound == "HTTP"  # grpcio keeps grpc-trace-bin to itself
        self.pairs = [pair for pair in pairs if pair[0] not in TRANSPORT]
        self.left = list(self.pairs)

    def take(self, name):
        """The one value of this header, or None."""
        values = [value for known, value in self.left if known == name]
        assert len(values) <= 1, f"{name} goes out {len(values)} times"
        self.left = [pair for pair in self.left if pair[0] != name]
        return values[0] if values else None

    def take_all(self, pairs):
        for pair in pairs:
            assert pair in self.left, f"{pair} is missing"
            self.left.remove(pair)


def has_random_flag(sent):
    return dict(sent.pairs).get("traceparent", "").endswith(("2", "3"))


def check_context(row, sent, trace, span, sampled, flags):
    """The same ids in all formats that go out."""
    assert sent.take("x-b3-traceid") == trace
    assert sent.take("x-b3-spanid") == span
    assert sent.take("x-b3-sampled") == (None if sampled is None else str(int(sampled)))
    traceparent = sent.take("traceparent")
    if sampled is not None or traceparent is not None:
        assert traceparent == f"00-{trace}-{span}-{flags:02x}"
    state = sent.take("tracestate")
    if not row.golden:
        assert state == (row.state if row.state and traceparent else None)
    assert state != "", "an empty tracestate is a sidecar's mark"
    binary = sent.take("grpc-trace-bin")
    if sent.shows_binary:
        assert (binary is not None) == bool(row.came("grpc-trace-bin"))
    if binary is not None:
        assert binary == (b"\0\0" + bytes.fromhex(trace) + b"\1" + bytes.fromhex(span)
                          + b"\2" + bytes([bool(sampled)]))


def check_request_id(row, sent, sampled):
    request_id = sent.take("x-request-id")
    if row.request_id:
        assert request_id == row.request_id
    else:
        assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id), request_id
        assert request_id[14] == ("9" if sampled else "4")


def check_full(row, sent):
    """A span of this process, whose id is returned."""
    headers = dict(sent.pairs)
    trace, span = headers["x-b3-traceid"], headers["x-b3-spanid"]
    came = " ".join(value for _, value in row.headers).lower()
    if row.trace:
        assert trace == row.trace
    else:
        assert re.fullmatch("[0-9a-f]{32}", trace) and int(trace, 16) and trace not in came
    assert re.fullmatch("[0-9a-f]{16}", span) and int(span, 16) and span not in came
    sampled = row.sampling == "" or is_sampled(row)
    random = row.random or not row.trace
    if row.golden and row.trace:
        random = has_random_flag(sent)
    check_context(row, sent, trace, span, sampled, sampled + 2 * random)
    check_rest(row, sent, sampled)
    return span


def check_forward(row, sent):
    """What came in, unchanged."""
    sampled = is_sampled(row) if row.sampling else None
    if row.trace:
        random = row.random or (row.golden and has_random_flag(sent))
        check_context(row, sent, row.trace, row.span, sampled, bool(sampled) + 2 * random)
    elif sampled is not None:
        assert sent.take("x-b3-sampled") == str(int(sampled))
    check_rest(row, sent, sampled)
    return row.span


def check_rest(row, sent, sampled):
    flags = sent.take("x-b3-flags")
    if row.golden:
        assert flags in (None, "1")
    else:
        assert flags == ("1" if row.sampling == "debug" else None)
    check_request_id(row, sent, sampled)
    assert sent.take("baggage") == (row.baggage or None)
    sent.take_all(row.passed)
    assert sent.left == [], "nothing else goes out"


@pytest.mark.parametrize("table", ROWS)
@pytest.mark.parametrize("inbound", ["HTTP", "gRPC"])
@pytest.mark.parametrize("mode", ["full", "forward"])
def test_every_row(harness_of, mode, inbound, table):
    check = check_full if mode == "full" else check_forward
    wrong = []
    for row in ROWS[table]:
        if inbound == "gRPC" and row.http1:
            continue
        harness = harness_of(mode, row.provider)
        send = harness.by_http if inbound == "HTTP" else harness.by_grpc
        spans = []
        for outbound, pairs in send(row.headers).items():
            try:
                spans.append(check(row, Sent(outbound, pairs)))
            except AssertionError as error:
                wrong.append(f"{row.name}, by {outbound}: {str(error).splitlines()[0]}: {pairs}")
        if mode == "full" and len(set(spans)) != len(spans):
            wrong.append(f"{row.name}: two calls have one span id")
    assert not wrong, "\n".join(wrong)


def test_grpc_trace_bin_goes_on_by_rpc(harness_of, shared_machine, recorders):
    """Another process tells what it got: a context that came so goes on so."""
    following = harness_of("forward")
    name = f"following={following.grpc_address}"
    first = Harness(shared_machine, *recorders, HAL_STATIC_ADDRESSES=name)
    callbacks = first.callbacks
    for binary in (True, False):
        path = f"/by-rpc/{binary}"
        body = json.dumps([{"url": "grpc://following",
                            "arguments": [{"url": callbacks.url + path, "arguments": []}]}])
        headers = [("grpc-trace-bin", NAMES["B"])] if binary else [("b3", expanded("{T}-{S}-1"))]
        assert first.request(headers, body).status == 200
        (got, _), = callbacks.calls[path]
        got = dict(plain(got))
        assert got["x-b3-traceid"] == NAMES["T"]
        span = bytes.fromhex(got["x-b3-spanid"])
        assert got.get("grpc-trace-bin") == (
            b"\0\0" + bytes.fromhex(NAMES["T"]) + b"\1" + span + b"\2\1" if binary else None)
