"""The greeter as other people's clients see it: grpcio, and curl for what grpcio never sends."""

import re
import struct
import subprocess
import threading

import grpc
import pytest

from support import CAP, h2, rpc
from support.traces import CHAIN

TRACE = "5c3ac35c9f6413ad48485a3953bb6125"
SPAN = "b2fb4a1d1a96d313"
LIMIT = 4 * 1024 * 1024


@pytest.fixture
def channel(chain):
    with rpc.channel(chain.greeter.address) as a_channel:
        yield a_channel


def status_of(call):
    """Code and details of a call that must fail."""
    with pytest.raises(grpc.RpcError) as failure:
        call()
    return failure.value.code(), failure.value.details()


def test_the_answer(channel):
    assert rpc.say_hello(channel)(rpc.request("ww"), timeout=CAP).rsp == "world"


def test_an_empty_message_is_a_message(channel):
    assert rpc.say_hello(channel)(rpc.request(""), timeout=CAP).rsp == "world"


def test_metadata_joins_the_trace(chain, channel):
    metadata = [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("x-request-id", "grpcio"),
                ("some-text", "a value, with commas"), ("some-bin", bytes(range(256)))]
    reply, call = rpc.say_hello(channel).with_call(rpc.request("meta"), metadata=metadata,
                                                   timeout=CAP)
    assert reply.rsp == "world" and call.code() == grpc.StatusCode.OK
    (span,) = chain.collector.traces.wait_whole("grpcio", CHAIN[2:], remote_parent=SPAN)
    assert (span.trace_id, span.parent_id) == (TRACE, SPAN)
    assert span.name == "greeter.Greeter/SayHello"
    chain.greeter.wait_line(f'"hello meta" trace_id={TRACE}')


def test_a_deadline_that_is_over_before_the_call(channel):
    code, _ = status_of(lambda: rpc.say_hello(channel)(rpc.request("late"), timeout=-1))
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_short_deadline_ends_the_call_one_way_or_the_other(channel):
    for microseconds in (100, 300, 1000, 3000):
        try:
            assert rpc.say_hello(channel)(rpc.request("soon"),
                                          timeout=microseconds / 1e6).rsp == "world"
        except grpc.RpcError as failure:
            assert failure.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert rpc.say_hello(channel)(rpc.request("still there"), timeout=CAP).rsp == "world"


@pytest.mark.parametrize("path, words", [
    ("/greeter.Greeter/SayGoodbye", ["SayGoodbye", "greeter.Greeter"]),
    ("/greeter.Nobody/SayHello", ["greeter.Nobody"]),
    ("/Greeter/SayHello", ["Greeter"]),
], ids=["method", "service", "bare service"])
def test_an_unknown_path_is_unimplemented(channel, path, words):
    code, details = status_of(lambda: rpc.say_hello(channel, path)(rpc.request("x"), timeout=CAP))
    assert code == grpc.StatusCode.UNIMPLEMENTED
    assert "unknown" in details and all(word in details for word in words)


@pytest.mark.parametrize("body", [
    b"\x0a\xff", b"\xff\xff\xff\xff", b"\x0a\x05abc", b"\x0a\x01\xff"
], ids=["length without bytes", "no tag", "cut text", "no UTF-8"])
def test_a_malformed_message_is_refused_by_its_name(channel, body):
    code, details = status_of(lambda: rpc.raw(channel)(body, timeout=CAP))
    assert code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert "greeter.SayRequest" in details


def test_a_message_over_the_limit(channel):
    # Two bytes of a field's tag and three of its length: over 4 MiB by little.
    code, details = status_of(
        lambda: rpc.say_hello(channel)(rpc.request("x" * LIMIT), timeout=CAP))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(LIMIT) in details
    assert rpc.say_hello(channel)(rpc.request("after"), timeout=CAP).rsp == "world"


def test_a_message_just_below_the_limit(channel):
    assert rpc.say_hello(channel)(rpc.request("y" * (LIMIT - 64)), timeout=CAP).rsp == "world"


def test_metadata_over_the_limit(channel):
    metadata = [("x-a", "a" * 40_000), ("x-b", "b" * 40_000)]
    code, _ = status_of(
        lambda: rpc.say_hello(channel)(rpc.request("big"), metadata=metadata, timeout=CAP))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert rpc.say_hello(channel)(rpc.request("after"), timeout=CAP).rsp == "world"


def test_many_calls_at_once_on_one_channel(channel):
    call = rpc.say_hello(channel)
    calls = [call.future(rpc.request(f"many-{number}"), timeout=CAP) for number in range(1000)]
    assert {one.result().rsp for one in calls} == {"world"}


def test_a_cancelled_call_leaves_the_connection_whole(channel):
    call = rpc.say_hello(channel)
    for _ in range(100):
        call.future(rpc.request("cancelled"), timeout=CAP).cancel()
        assert call(rpc.request("kept"), timeout=CAP).rsp == "world"


def test_a_drain_loses_no_call(machine):
    """SIGTERM in a stream of calls: whatever the greeter took is answered; a call that fails has
    never reached it."""
    greeter = machine.greeter()
    answered, refused = set(), {}
    busy = threading.Semaphore(0)

    def call_until_refused(caller):
        with rpc.channel(greeter.address) as a_channel:
            call = rpc.say_hello(a_channel)
            for number in range(1_000_000):
                text = f"drain-{caller}-{number}"
                try:
                    assert call(rpc.request(text), timeout=CAP).rsp == "world"
                except grpc.RpcError as failure:
                    refused[text] = failure
                    return
                answered.add(text)
                busy.release()

    callers = [threading.Thread(target=call_until_refused, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for _ in range(400):
        assert busy.acquire(timeout=CAP)
    greeter.stop()
    for caller in callers:
        caller.join(CAP)
    assert len(refused) == len(callers)
    assert {one.code() for one in refused.values()} == {grpc.StatusCode.UNAVAILABLE}
    processed = set(re.findall(r"hello (drain-\d+-\d+)", greeter.output()))
    lost = {text: refused[text].details() for text in processed - answered}
    assert lost == {}
    assert answered == processed


# What grpcio never sends, by curl over HTTP/2 with prior knowledge.

def frame(message, flag=0, length=None):
    return struct.pack(">BI", flag, len(message) if length is None else length) + message


GRPC = {"content-type": "application/grpc", "te": "trailers"}


def curl(address, tmp_path, body=b"", headers=None, path=rpc.SAY_HELLO, method="POST"):
    """Status, and headers with trailers, of one exchange."""
    data = tmp_path / "body"
    data.write_bytes(body)
    command = ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--max-time",
               str(CAP), "--request", method, "--dump-header", "-", "--output",
               str(tmp_path / "answer"), f"http://{address}{path}"]
    if method == "POST":
        command += ["--data-binary", f"@{data}"]
    for name, value in (GRPC if headers is None else headers).items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run(command, capture_output=True, timeout=2 * CAP, check=True)
    start, *lines = done.stdout.decode().replace("\r", "").strip().split("\n")
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return int(start.split()[1]), {name.lower(): value.strip() for name, value in pairs}


HELLO = frame(b"\x0a\x02ww")
INTERNAL, UNIMPLEMENTED, EXHAUSTED, EXCEEDED = "13", "12", "8", "4"

BAD_BODIES = {
    "nothing": (b"", {}, INTERNAL, "message is missing"),
    "cut prefix": (HELLO[:3], {}, INTERNAL, ""),
    "cut message": (HELLO[:-1], {}, INTERNAL, ""),
    "two messages": (HELLO + HELLO, {}, INTERNAL, "more than one"),
    "unknown flag": (frame(b"", flag=7), {}, INTERNAL, ""),
    "compressed without an encoding": (frame(b"x", flag=1), {}, INTERNAL, ""),
    "compressed": (frame(b"x", flag=1), {"grpc-encoding": "snappy"}, UNIMPLEMENTED, "snappy"),
    "damaged gzip": (frame(b"x", flag=1), {"grpc-encoding": "gzip"}, INTERNAL, "gzip"),
    "a length over the limit": (frame(b"", length=LIMIT + 1), {}, EXHAUSTED, str(LIMIT)),
    "a deadline of no time": (b"", {"grpc-timeout": "0n"}, EXCEEDED, ""),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_curl_sends_what_no_client_does(chain, tmp_path, case):
    body, headers, code, words = BAD_BODIES[case]
    status, answer = curl(chain.greeter.address, tmp_path, body, {**GRPC, **headers})
    assert (status, answer["content-type"]) == (200, "application/grpc")
    assert answer["grpc-status"] == code, answer
    assert answer["grpc-message"] and words.replace(" ", "") in re.sub(
        r"%20| ", "", answer["grpc-message"])


def test_curl_gets_the_answer(chain, tmp_path):
    status, answer = curl(chain.greeter.address, tmp_path, HELLO)
    assert (status, answer["grpc-status"]) == (200, "0")
    assert (tmp_path / "answer").read_bytes() == frame(b"\x0a\x05world")


def test_metadata_over_the_limit_of_a_client_that_does_not_keep_to_it(chain, tmp_path):
    # Few bytes for curl itself, many as RFC 9113 6.5.2 counts them.
    headers = {**GRPC, **{f"x-{number}": "v" for number in range(2_000)}}
    # Without a body: curl fails when the answer comes while it still sends.
    status, answer = curl(chain.greeter.address, tmp_path, b"", headers)
    assert (status, answer["grpc-status"]) == (200, EXHAUSTED)
    assert str(64 * 1024) in answer["grpc-message"]


def test_another_content_type_is_415(chain, tmp_path):
    status, _ = curl(chain.greeter.address, tmp_path, b"", {"content-type": "application/json"})
    assert status == 415


def test_a_get_is_405(chain, tmp_path):
    status, answer = curl(chain.greeter.address, tmp_path, method="GET")
    assert (status, answer["allow"]) == (405, "POST")


@pytest.mark.parametrize("headers", [
    {b"content-type": b"application/json"},
    {b"content-type": b"application/grpc", b"te": b"trailers", b"grpc-timeout": b"0n"},
], ids=["content-type", "deadline"])
def test_an_answer_before_the_end_of_the_request_is_whole(chain, headers):
    """The whole answer, then RST_STREAM NO_ERROR calls off the rest (RFC 9113 8.1)."""
    with h2.connect(chain.greeter.address) as peer:
        peer.call(b"/greeter.Greeter/SayHello", headers)
        frames = iter(peer.read_frame, None)
        kind, flags, *_ = next(frame for frame in frames if frame[2] == 1)
        assert kind == h2.HEADERS and flags & h2.END_STREAM
        kind, _, stream, payload = next(frames)
        assert (kind, stream, payload) == (h2.RST_STREAM, 1, bytes(4))
