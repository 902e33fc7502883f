"""A program of somebody else: hal9000, grpc++ with its reflection, and the official health.proto in
one binary. Two descriptions of the same name are a link error, or protobuf aborts the program when
it starts: that it serves at all says that hal9000's own messages have names of their own."""

import uuid

import pytest

from support import rpc

LIST_SERVICES = b"\x3a\x00"  # ServerReflectionRequest.list_services
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
NOTE, WORLD = b"\x0a\x02ww", b"\x0a\x05world"  # notes.Note with its text
SERVING = b"\x08\x01"  # HealthCheckResponse


@pytest.fixture(scope="module")
def collector(machine):
    return machine.collector().traces


@pytest.fixture(scope="module")
def service(machine, collector, notes):
    machine.greeter()
    return machine.service(notes, SERVICE_NAME="notes")


@pytest.fixture(params=["hal9000", "grpc++"])
def server(request, service):
    """Both servers of the program: a channel, and its services."""
    own = request.param == "hal9000"
    with rpc.channel(service.address if own else service.node.metadata["grpcpp"]) as channel:
        yield channel, b"notes.Notes" if own else None


def test_health_of_both_servers(server):
    channel, _ = server
    assert rpc.raw(channel, "/grpc.health.v1.Health/Check")(b"") == SERVING


def test_reflection_of_both_servers(server):
    channel, own = server
    (answer,) = channel.stream_stream(REFLECTION)(iter([LIST_SERVICES]))
    assert b"grpc.health.v1.Health" in answer
    assert (b"notes.Notes" in answer) == (own is not None)


def test_its_calls_to_itself_and_to_the_greeter_are_one_trace(service, collector):
    request_id = str(uuid.uuid4())
    with rpc.channel(service.address) as channel:
        answer = rpc.raw(channel, "/notes.Notes/Relay")(
            NOTE, metadata=[("x-request-id", request_id)])
    assert answer == WORLD
    spans = collector.wait_whole(request_id, [
        ("notes", "server"), ("notes", "client"),  # Relay, which calls
        ("notes", "server"), ("notes", "client"),  # Ask, which calls
        ("hal9000-greeter", "server")])
    assert {span.trace_id for span in spans} == {spans[0].trace_id}
