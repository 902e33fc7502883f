"""The api as other people's servers see it: python's grpcio stands in for the greeter."""

import contextlib
import re
import socket
import struct
import threading

import grpc
import pytest

from support import CAP, http, rpc
from support.h2 import GOAWAY, RST_STREAM, Listener
from support.ports import free_port
from support.traces import ask_until

TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "a2fb4a1d1a96d312"

# The HTTP status of each code, as google/rpc/code.proto documents it.
HTTP_STATUS = {
    "CANCELLED": 499, "UNKNOWN": 500, "INVALID_ARGUMENT": 400, "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "PERMISSION_DENIED": 403, "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400, "ABORTED": 409, "OUT_OF_RANGE": 400, "UNIMPLEMENTED": 501,
    "INTERNAL": 500, "UNAVAILABLE": 503, "DATA_LOSS": 500, "UNAUTHENTICATED": 401,
}


def metadata_of(machine, stand_in, headers, **variables):
    """What the greeter receives for a request with these headers."""
    server = stand_in()
    api = machine.api(**server.variables, **variables)
    assert api.get("/api/v1/hello/ww", headers).status == 200
    found = server.metadata("ww")
    # Fields that may come once only.
    for name in ("traceparent", "tracestate", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled",
                 "x-request-id"):
        assert len(found.get(name, [])) <= 1, (name, found[name])
    return {name: values[0] for name, values in found.items()}


def assert_no_stale_context(metadata):
    assert not {"b3", "x-b3-parentspanid"} & set(metadata), metadata


# Spans are made, and go nowhere.
FULL = {"HAL_TRACE_MODE": "full", "OTEL_TRACES_EXPORTER": "none"}


def test_full_mode_sends_its_own_span_in_both_formats(machine, stand_in):
    request_id = "A9-b_c~.%/+= " + "x" * 40
    metadata = metadata_of(machine, stand_in, {
        "b3": f"{TRACE}-{SPAN}-1", "x-b3-parentspanid": "0020000000000001",
        "x-request-id": request_id, "baggage": "user=alice;tier=gold,note=a%20b"}, **FULL)
    trace_id, span_id = metadata["x-b3-traceid"], metadata["x-b3-spanid"]
    assert trace_id == TRACE
    assert re.fullmatch("[0-9a-f]{16}", span_id) and span_id != SPAN
    assert metadata["x-b3-sampled"] == "1"
    assert metadata["traceparent"] == f"00-{trace_id}-{span_id}-01"
    assert metadata["x-request-id"] == request_id.strip()
    assert metadata["baggage"] == "user=alice;tier=gold,note=a%20b"
    assert "tracestate" not in metadata
    assert_no_stale_context(metadata)


def test_tracestate_goes_on_when_the_parent_came_with_it(machine, stand_in):
    metadata = metadata_of(machine, stand_in, {"traceparent": f"00-{TRACE}-{SPAN}-01",
                                               "tracestate": "a=1,b=2"}, **FULL)
    assert metadata["tracestate"] == "a=1,b=2"
    assert metadata["traceparent"].startswith(f"00-{TRACE}-")
    assert metadata["traceparent"] != f"00-{TRACE}-{SPAN}-01"


def test_forward_mode_hands_on_what_came(machine, stand_in):
    metadata = metadata_of(machine, stand_in, {
        "x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-parentspanid": "0020000000000001",
        "x-b3-sampled": "1", "x-request-id": "kept"}, HAL_TRACE_MODE="forward")
    assert (metadata["x-b3-traceid"], metadata["x-b3-spanid"]) == (TRACE, SPAN)
    assert metadata["x-b3-sampled"] == "1"
    assert metadata["traceparent"] == f"00-{TRACE}-{SPAN}-01"
    assert metadata["x-request-id"] == "kept"
    assert_no_stale_context(metadata)


def test_an_unsampled_context_goes_on_as_such(machine, stand_in):
    metadata = metadata_of(machine, stand_in, {
        "x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "0"}, **FULL)
    assert metadata["x-b3-traceid"] == TRACE
    assert metadata["x-b3-sampled"] == "0"
    assert metadata["traceparent"] == f"00-{TRACE}-{metadata['x-b3-spanid']}-00"


def test_off_mode_keeps_the_request_id_alone(machine, stand_in):
    metadata = metadata_of(machine, stand_in, {
        "traceparent": f"00-{TRACE}-{SPAN}-01", "x-request-id": "kept"}, HAL_TRACE_MODE="off")
    assert metadata["x-request-id"] == "kept"
    assert not {"traceparent", "x-b3-traceid", "x-b3-sampled"} & set(metadata)


def test_listed_headers_are_passed_on_and_others_are_not(machine, stand_in):
    metadata = metadata_of(machine, stand_in, {
        "authorization": "Bearer x", "cookie": "a=b", "x-tenant": "blue", "x-secret": "no",
        "end-user": "alice", "x-hal-identity-name": "alice", "sw8": "1-abc"},
        HAL_FORWARD_HEADERS="x-tenant,end-user,x-hal-identity-name")
    assert metadata["x-tenant"] == "blue"
    assert metadata["sw8"] == "1-abc"
    # The edge takes away what claims an identity, listed or not.
    assert not {"authorization", "cookie", "x-secret", "end-user",
                "x-hal-identity-name"} & set(metadata)


def test_the_call_has_a_deadline(machine, stand_in):
    """grpcio's own core refuses a call without `te: trailers` or with another content-type, so the
    answer proves both; grpc-timeout it tells as the time that is left."""
    left = []
    server = stand_in(lambda text, context: left.append(context.time_remaining()) or "world")
    api = machine.api(**server.variables)
    assert api.get("/api/v1/hello/ww").status == 200
    assert left[0] is not None and 0 < left[0] <= 30
    assert "user-agent" in server.metadata("ww")


@pytest.fixture(scope="module")
def failing(shared_machine):
    """An api whose greeter fails with the code that the message names."""
    def fail(text, context):
        code, _, details = text.partition(" ")
        if code == "OK":
            return "world"
        context.abort(getattr(grpc.StatusCode, code), details)

    server = rpc.StandIn(fail)
    yield shared_machine.api(**server.variables)
    server.stop()


@pytest.mark.parametrize("code", HTTP_STATUS)
def test_a_code_becomes_an_http_status(failing, code):
    response = failing.get(f"/api/v1/hello/{code}%20why%20{code}")
    assert response.status == HTTP_STATUS[code]
    # A client is told of its own mistakes; what went wrong behind the edge is in the log.
    if response.status < 500:
        assert response.error == f"why {code}"
    else:
        assert "why" not in response.error
        failing.wait_line(f"{code}: why {code}")


def test_after_failures_the_connection_still_serves(failing):
    assert failing.get("/api/v1/hello/OK").json() == {"status": "OK", "message": "world"}


def test_a_message_in_other_letters_arrives_whole(failing):
    response = failing.get("/api/v1/hello/NOT_FOUND%20%C3%BC%20%E2%82%AC%20%25%0A%22")
    assert response.error == "\u00fc \u20ac %\n\""


def test_a_client_that_goes_cancels_the_call(machine, stand_in):
    gate = rpc.Gate()

    def hold(text, context):
        if text == "held":
            gate.hold(context, CAP)
        return "world"

    server = stand_in(hold)
    api = machine.api(**server.variables)
    try:
        with http.RawConnection(api.address) as client:
            client.send("GET /api/v1/hello/held HTTP/1.1\r\nHost: x\r\n\r\n")
            assert gate.entered.wait(CAP)
            assert not gate.ended.is_set()
        assert gate.ended.wait(CAP), "the server was not told that the client has gone"
    finally:
        gate.opened.set()
    assert api.get("/api/v1/hello/ww").status == 200


def in_background(function, *arguments):
    """Runs a blocking call; the result is taken by result()."""
    box = []
    thread = threading.Thread(target=lambda: box.append(function(*arguments)))
    thread.start()

    def result():
        thread.join(CAP)
        assert box, "no answer"
        return box[0]

    return result


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_server_that_goes_away_within_a_call_is_503(machine, stand_in, how):
    with Listener() as listener:
        api = machine.api(HAL_WORKERS=1, **listener.variables)
        answer = in_background(api.get, "/api/v1/hello/lost")
        with listener.accept() as peer:
            peer.take_call()
            (peer.reset if how == "reset" else peer.socket.close)()
            response = answer()
    assert response.status == 503
    assert response.error
    # It has taken the request: sending it again might do the work twice.
    server = stand_in(port=listener.port)
    # A connection that the old one had not accepted yet may be lost with a call on it.
    assert ask_until(lambda: api.get("/api/v1/hello/back").status == 200)
    assert [text for text, _ in server.calls] == ["back"]


def test_a_refused_stream_is_sent_again(machine):
    """REFUSED_STREAM: certainly not processed (RFC 9113 8.7)."""
    with Listener() as listener:
        api = machine.api(HAL_WORKERS=1, **listener.variables)
        answer = in_background(api.get, "/api/v1/hello/again")
        with listener.accept() as peer:
            first = peer.take_call()
            peer.send_frame(RST_STREAM, stream=first, payload=struct.pack(">I", 7))
            second = peer.next_call()
            assert second > first
            peer.answer(second, "at last")
            assert answer().json()["message"] == "at last"


def test_another_reset_is_not_sent_again(machine):
    with Listener() as listener:
        api = machine.api(HAL_WORKERS=1, **listener.variables)
        answer = in_background(api.get, "/api/v1/hello/once")
        with listener.accept() as peer:
            peer.send_frame(RST_STREAM, stream=peer.take_call(), payload=struct.pack(">I", 2))
            response = answer()
    assert response.status == 500  # INTERNAL_ERROR
    assert response.error


def test_a_call_that_goaway_did_not_take_goes_to_the_next_connection(machine):
    with Listener() as listener:
        api = machine.api(HAL_WORKERS=1, **listener.variables)
        answer = in_background(api.get, "/api/v1/hello/moved")
        with listener.accept() as peer:
            peer.take_call()
            peer.send_frame(GOAWAY, payload=struct.pack(">II", 0, 0))  # stream 0: took nothing
            with listener.accept() as next_peer:
                next_peer.answer(next_peer.take_call(), "moved")
                assert answer().json()["message"] == "moved"


def test_a_call_that_goaway_took_is_finished(machine):
    with Listener() as listener:
        api = machine.api(HAL_WORKERS=1, **listener.variables)
        answer = in_background(api.get, "/api/v1/hello/taken")
        with listener.accept() as peer:
            stream = peer.take_call()
            peer.send_frame(GOAWAY, payload=struct.pack(">II", stream, 0))
            peer.answer(stream, "taken")
            assert answer().json()["message"] == "taken"


def test_a_restarted_server_is_found_again(machine, stand_in):
    port = free_port()
    server = stand_in(port=port)
    api = machine.api(**server.variables)
    assert api.get("/api/v1/hello/ww").status == 200
    server.stop()
    assert ask_until(lambda: api.get("/api/v1/hello/ww").status == 503)
    server = stand_in(port=port)
    # At once, but for a call that comes just behind an attempt to connect that has failed.
    assert ask_until(lambda: api.get("/api/v1/hello/ww").status == 200)


def test_an_answer_that_is_no_grpc_is_told_as_such(machine):
    """A web server behind the name answers every connection in HTTP/1.1."""
    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                with listener.accept() as peer:
                    peer.socket.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                    while peer.socket.recv(65536):
                        pass

    with Listener() as listener:
        server = in_background(serve, listener)
        response = machine.api(**listener.variables).get("/api/v1/hello/web")
        listener.socket.shutdown(socket.SHUT_RDWR)
        server()
    assert response.status in (500, 503)
    assert response.error


def test_metadata_that_the_server_does_not_take_is_not_sent(machine, stand_in):
    """grpcio tells its limit of 16 KiB in its settings."""
    server = stand_in()
    api = machine.api(**server.variables, HAL_WORKERS=1, HAL_FORWARD_HEADERS="x-big")
    response = api.get("/api/v1/hello/big", {"x-big": "b" * 20_000})
    assert response.status == 429  # RESOURCE_EXHAUSTED
    assert re.search(r"server's limit of 16\d\d\d bytes", response.error), response.error
    assert api.get("/api/v1/hello/small", {"x-big": "b" * 4_000}).status == 200
    assert [text for text, _ in server.calls] == ["small"]


def test_an_answer_over_the_limit_is_refused(machine, stand_in):
    server = stand_in(lambda text, context: "z" * (5 * 1024 * 1024))
    api = machine.api(**server.variables)
    response = api.get("/api/v1/hello/ww")
    assert response.status == 429  # RESOURCE_EXHAUSTED
    assert str(4 * 1024 * 1024) in response.error
