"""One decision for a trace, whoever makes it: kept traces are whole, the others leave no span."""

import pytest

from bootstrap import MODES
from envoy import NEWEST
from mesh import hop
from support import http
from trees import CHAIN, called, differences, inside, line, request_ids, served, size

GREETER = hop("hal9000-greeter", "grpc")
SERVICES = (hop("hal9000-api", "http", GREETER), GREETER)  # the chain; it tells what came in
IDS_AT_30_PERCENT = [
    # Envoy takes the first 8 digits modulo 10,000, and notes its decision at index 14 of a UUID.
    ("00000bb7-0000-4000-8000-000000000000", True),
    ("00000bb8-0000-4000-8000-000000000000", False),
    ("00000BB7-ABCD-4000-8000-0000000000EF", True),
    ("00000bb8-0000-9000-8000-000000000000", True),
    ("00000bb8-0000-a000-8000-000000000000", True),
    ("00000bb8-0000-b000-8000-000000000000", True),
    # No room for a note: each hop decides again, and alike.
    ("00000bb7000040008000000000000000", True),
    ("00000bb8000040008000000000000000", False),
    ("60e82827a270070cfbda38c6f30f478a", 0x60e82827 % 10_000 < 3_000),
    # No number: no hop can decide, so nothing is kept.
    ("abc", False),
    ("req-12345678", False),
    ("an id; with = \"signs\", and spaces", False),
    ("x" * 256, False),  # as long as the kit takes one
]
IDS_AT_1_PERCENT = [("00000063-0000-4000-8000-000000000000", True),
                    ("00000064-0000-4000-8000-000000000000", False)]
TRACE, PARENT = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"


def ask(address, headers=None):
    """One request to the chain: the headers that its two services got."""
    answer = http.get(address, "/hop", headers)
    assert answer.status == 200, answer
    content = answer.json()
    return content["headers"], content["called"][0]["headers"]


def note(request_id):
    return request_id[14] if len(request_id) == 36 else ""


def context(mode, sampled):
    """A client's, in the format of the mode."""
    if mode.provider == "zipkin":
        return {"x-b3-traceid": TRACE, "x-b3-spanid": PARENT, "x-b3-sampled": str(int(sampled))}
    return {"traceparent": f"00-{TRACE}-{PARENT}-0{int(sampled)}"}


def ands_decisions(mode, envoy_version):
    """Envoy's OpenTelemetry tracer from 1.39 on: it keeps what both context and request id keep."""
    return mode.provider != "zipkin" and envoy_version == NEWEST


def ask_random(mesh, requests):
    """At the gateway: the ids of those that are kept, as the notes in them say."""
    kept = set()
    for _ in range(requests):
        at_api, at_greeter = ask(mesh.address)
        assert len(at_api["x-request-id"]) == 1
        assert at_greeter["x-request-id"] == at_api["x-request-id"]
        (request_id,) = at_api["x-request-id"]
        if note(request_id) == "9":
            kept.add(request_id)
    return kept


def ask_with(mesh, ids):
    """Straight to a sidecar, which trusts them: the ids of those that are kept. They go on byte for
    byte, but for the note."""
    kept_ids = set()
    for request_id, kept in ids:
        at_api, at_greeter = ask(mesh.pods["hal9000-api"].address, {"x-request-id": request_id})
        if kept and note(request_id) == "4":
            request_id = f"{request_id[:14]}9{request_id[15:]}"
        assert at_api["x-request-id"] == at_greeter["x-request-id"] == [request_id]
        if kept:
            kept_ids.add(request_id)
    return kept_ids


def check_kept(mesh, wholes):
    """Exactly these are traces: request id -> tree."""
    traces = mesh.settled_traces(sum(map(size, wholes.values())))
    assert differences(traces, list(wholes.values())) == []
    assert request_ids(traces) == set(wholes)


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_a_third(mesh_of, envoy_version, mode, trace_mode):
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version, sampling=30,
                 services=SERVICES) as mesh:
        kept = ask_random(mesh, 80)
        check_kept(mesh, dict.fromkeys(kept, tree))
        assert 0 < len(kept) < 80  # by chance false in one of 10^12 runs


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_one_per_cent(mesh_of, envoy_version, mode, trace_mode):
    """Of so few random requests often none is kept, so the last id that is and the first that is
    not are sent as well."""
    (tree,) = CHAIN[trace_mode]
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version, sampling=1,
                 services=SERVICES) as mesh:
        known = ask_with(mesh, IDS_AT_1_PERCENT)
        assert len(known) == 1
        check_kept(mesh, {**dict.fromkeys(ask_random(mesh, 75), tree),
                          **dict.fromkeys(known, inside(trace_mode))})


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_none(mesh_of, newest, mode, trace_mode):
    """But a trace that begins in an application is kept, by the note in its request id."""
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=newest, sampling=0,
                 services=SERVICES) as mesh:
        assert ask_random(mesh, 10) == set()
        check_kept(mesh, {})
        at_api, at_greeter = ask(mesh.app("hal9000-api").address)
        assert "x-request-id" not in at_api
        (request_id,) = at_greeter["x-request-id"]
        if trace_mode == "forward":
            assert note(request_id) == "4"
            assert mesh.settled_traces(0) == []
            return
        assert note(request_id) == "9"
        greeter = served("hal9000-greeter", trace_mode)
        expected = line(("hal9000-api", "server"),
                        below=[called("hal9000-api", trace_mode, greeter)])
        traces = mesh.settled_traces(size(expected))
        assert differences(traces, [expected]) == []
        assert request_ids(traces) == {request_id}


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_ids_as_clients_send_them(mesh_of, envoy_version, mode, trace_mode):
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version, sampling=30,
                 services=SERVICES) as mesh:
        kept = ask_with(mesh, IDS_AT_30_PERCENT)
        check_kept(mesh, dict.fromkeys(kept, inside(trace_mode)))


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_contexts_as_clients_send_them(mesh_of, envoy_version, mode, trace_mode):
    """What a context says about sampling counts; the newest OpenTelemetry tracer asks the id,
    too."""
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version, sampling=30,
                 services=SERVICES) as mesh:
        (yes, _), (no, _) = IDS_AT_30_PERCENT[:2]
        sidecar = mesh.pods["hal9000-api"].address
        for request_id in (yes, no):
            ask(sidecar, {"x-request-id": request_id, **context(mode, sampled=False)})
        assert mesh.settled_traces(0) == []
        at_api, _ = ask(sidecar, {"x-request-id": no, **context(mode, sampled=True)})
        assert at_api["x-request-id"] == [no]
        tree = inside(trace_mode)
        expected = [] if ands_decisions(mode, envoy_version) else [tree]
        traces = mesh.settled_traces(sum(map(size, expected)))
        assert differences(traces, expected, [PARENT]) == []
        assert {span.trace_id for spans in traces for span in spans} <= {TRACE}


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_without_request_ids(mesh_of, envoy_version, mode, trace_mode):
    """A mesh that makes none: the first application does, and notes the context's decision. (At
    other rates than 0 % the next sidecar may set the note, which changes no decision.)"""
    with mesh_of(mode=mode, trace_mode=trace_mode, envoy=envoy_version, services=SERVICES,
                 sampling=0, generate_request_id=False) as mesh:
        at_api, at_greeter = ask(mesh.address)
        assert "x-request-id" not in at_api
        assert [note(known) for known in at_greeter["x-request-id"]] == ["4"]
        assert mesh.settled_traces(0) == []
        at_api, at_greeter = ask(mesh.pods["hal9000-api"].address, context(mode, sampled=True))
        assert "x-request-id" not in at_api
        kept = not ands_decisions(mode, envoy_version)
        assert [note(known) for known in at_greeter["x-request-id"]] == ["9" if kept else "4"]
        expected = [inside(trace_mode)] * kept
        traces = mesh.settled_traces(sum(map(size, expected)))
        assert differences(traces, expected, [PARENT]) == []
