"""python's grpcio against our interoperability programs, both ways."""

import importlib
import sys
from concurrent import futures
from pathlib import Path

import grpc
import pytest

from support import CAP

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SERVICE = "/grpc.testing.TestService/"
HEALTH = "/grpc.health.v1.Health/"
OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


@pytest.fixture(scope="module")
def pb(tmp_path_factory):
    """The messages, from the project's own .proto files."""
    from grpc_tools import protoc
    folder = tmp_path_factory.mktemp("proto")
    for root, name in ((HERE / "proto", "interop.proto"),
                       (ROOT / "proto" / "hal" / "internal", "health.proto")):
        assert protoc.main(["protoc", f"--proto_path={root}", f"--python_out={folder}",
                            str(root / name)]) == 0
    sys.path.insert(0, str(folder))
    return importlib.import_module("interop_pb2")


@pytest.fixture(scope="module")
def health_pb(pb):
    return importlib.import_module("health_pb2")


@pytest.fixture(scope="module")
def channel(hal_server):
    with grpc.insecure_channel(hal_server.address, options=OPTIONS) as made:
        yield made


def call(channel, path, response, kind="unary_unary"):
    return getattr(channel, kind)(path, request_serializer=lambda m: m.SerializeToString(),
                                  response_deserializer=response.FromString)


def test_unary_with_metadata_both_ways(pb, channel):
    unary = call(channel, SERVICE + "UnaryCall", pb.SimpleResponse)
    response, details = unary.with_call(
        pb.SimpleRequest(response_size=314159, payload=pb.Payload(body=bytes(271828))),
        timeout=CAP, metadata=(("x-grpc-test-echo-initial", "first"),
                               ("x-grpc-test-echo-trailing-bin", b"\xab\x00\xff")))
    assert response.payload.body == bytes(314159)
    assert ("x-grpc-test-echo-initial", "first") in details.initial_metadata()
    assert ("x-grpc-test-echo-trailing-bin", b"\xab\x00\xff") in details.trailing_metadata()


def test_large_messages_within_the_limit_and_over_it(pb, channel):
    unary = call(channel, SERVICE + "UnaryCall", pb.SimpleResponse)
    size = 4 * 1024 * 1024 - 1000
    request = pb.SimpleRequest(response_size=size, payload=pb.Payload(body=bytes(size)))
    assert len(unary(request, timeout=CAP).payload.body) == size
    request.payload.body = bytes(size + 2000)
    with pytest.raises(grpc.RpcError) as failed:
        unary(request, timeout=CAP)
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_status_with_any_text(pb, channel):
    text = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    unary = call(channel, SERVICE + "UnaryCall", pb.SimpleResponse)
    with pytest.raises(grpc.RpcError) as failed:
        unary(pb.SimpleRequest(response_status=pb.EchoStatus(code=2, message=text)), timeout=CAP)
    assert (failed.value.code(), failed.value.details()) == (grpc.StatusCode.UNKNOWN, text)


def test_streams(pb, channel):
    asked = pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=size) for size in (31415, 9, 0)])
    down = call(channel, SERVICE + "StreamingOutputCall", pb.StreamingOutputCallResponse,
                "unary_stream")
    assert [len(r.payload.body) for r in down(asked, timeout=CAP)] == [31415, 9, 0]
    up = call(channel, SERVICE + "StreamingInputCall", pb.StreamingInputCallResponse,
              "stream_unary")
    # More than the windows hold, in messages that they cut.
    sent = (pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(1_500_000)))
            for _ in range(8))
    assert up(sent, timeout=CAP).aggregated_payload_size == 12_000_000
    both = call(channel, SERVICE + "FullDuplexCall", pb.StreamingOutputCallResponse,
                "stream_stream")
    assert sum(len(r.payload.body) for r in both(iter([asked] * 3), timeout=CAP)) == 3 * 31424


def test_a_stream_larger_than_the_windows_comes_at_the_readers_pace(pb, channel):
    """64 MiB through windows of a few hundred KiB: the server waits for the reader."""
    asked = pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=1024 * 1024)] * 64)
    down = call(channel, SERVICE + "StreamingOutputCall", pb.StreamingOutputCallResponse,
                "unary_stream")
    assert sum(len(r.payload.body) for r in down(asked, timeout=CAP)) == 64 * 1024 * 1024


def test_metadata_over_the_limit(pb, channel):
    empty = call(channel, SERVICE + "EmptyCall", pb.Empty)
    with pytest.raises(grpc.RpcError) as failed:
        empty(pb.Empty(), timeout=CAP, metadata=[(f"x-{i}", "v" * 8000) for i in range(10)])
    assert failed.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    empty(pb.Empty(), timeout=CAP)


def test_health_check_and_watch(health_pb, channel):
    request = health_pb.HealthCheckRequest(service="grpc.testing.TestService")
    check = call(channel, HEALTH + "Check", health_pb.HealthCheckResponse)
    assert check(request, timeout=CAP).status == health_pb.HealthCheckResponse.SERVING
    watch = call(channel, HEALTH + "Watch", health_pb.HealthCheckResponse, "unary_stream")
    stream = watch(request, timeout=CAP)
    assert next(stream).status == health_pb.HealthCheckResponse.SERVING
    stream.cancel()


def test_a_drain_tells_watchers_and_ends(machine, health_pb):
    greeter = machine.greeter()
    with grpc.insecure_channel(greeter.address, options=OPTIONS) as own:
        watch = call(own, HEALTH + "Watch", health_pb.HealthCheckResponse, "unary_stream")
        stream = watch(health_pb.HealthCheckRequest(), timeout=CAP)
        assert next(stream).status == health_pb.HealthCheckResponse.SERVING
        greeter.stop()  # exit code 0, with the watch still open
        assert next(stream).status == health_pb.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        assert ended.value.code() == grpc.StatusCode.UNAVAILABLE


def test_bytes_that_are_no_message(channel):
    raw = channel.unary_unary(SERVICE + "UnaryCall")
    with pytest.raises(grpc.RpcError) as failed:
        raw(b"\xff", timeout=CAP)
    assert failed.value.code() == grpc.StatusCode.INTERNAL


@pytest.fixture(scope="module")
def grpcio_server(pb):
    """TestService in python, unary methods."""
    def echo(context):
        metadata = dict(context.invocation_metadata())
        if "x-grpc-test-echo-initial" in metadata:
            context.send_initial_metadata(
                (("x-grpc-test-echo-initial", metadata["x-grpc-test-echo-initial"]),))
        if "x-grpc-test-echo-trailing-bin" in metadata:
            context.set_trailing_metadata(
                (("x-grpc-test-echo-trailing-bin", metadata["x-grpc-test-echo-trailing-bin"]),))

    def unary(request, context):
        echo(context)
        if request.response_status.code:
            context.set_code(next(code for code in grpc.StatusCode
                                  if code.value[0] == request.response_status.code))
            context.set_details(request.response_status.message)
            return pb.SimpleResponse()
        return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))

    def empty(request, context):
        return pb.Empty()

    def method(function, request):
        return grpc.unary_unary_rpc_method_handler(
            function, request_deserializer=request.FromString,
            response_serializer=lambda message: message.SerializeToString())

    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "grpc.testing.TestService", {"UnaryCall": method(unary, pb.SimpleRequest),
                                     "EmptyCall": method(empty, pb.Empty)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.mark.parametrize("case", ["empty_unary", "large_unary", "custom_metadata",
                                  "status_code_and_message", "special_status_message",
                                  "unimplemented_method", "unimplemented_service"])
def test_our_client_against_grpcio(hal_client, grpcio_server, case):
    client = hal_client(case, grpcio_server)
    assert client.popen.returncode == 0, client.output()
