"""grpcurl without any .proto: what reflection is for."""

import json

import pytest

import judges
from support.process import Process


@pytest.fixture(scope="module")
def grpcurl():
    return judges.grpcurl()


@pytest.fixture(scope="module")
def greeter(machine):
    return machine.greeter()


def run(grpcurl, *words):
    """Its output; it must succeed."""
    process = Process([grpcurl, *words])
    assert process.wait() == 0, process.output()
    return process.output("out")


def test_lists_the_services(grpcurl, greeter):
    assert run(grpcurl, "-plaintext", greeter.address, "list").splitlines() == [
        "greeter.Greeter", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection"]


def test_describes_a_service_and_a_message(grpcurl, greeter):
    service = run(grpcurl, "-plaintext", greeter.address, "describe", "greeter.Greeter")
    assert "rpc SayHello ( .greeter.SayRequest ) returns ( .greeter.SayResp );" in service
    message = run(grpcurl, "-plaintext", greeter.address, "describe", ".greeter.SayRequest")
    assert "string msg = " in message


def test_describes_the_kits_own_services_by_their_public_names(grpcurl, greeter):
    health = run(grpcurl, "-plaintext", greeter.address, "describe", "grpc.health.v1.Health")
    assert "( .grpc.health.v1.HealthCheckRequest )" in health and "hal.internal" not in health


def test_calls_by_reflection(grpcurl, greeter):
    answer = run(grpcurl, "-plaintext", "-d", '{"msg": "ww"}', greeter.address,
                 "greeter.Greeter/SayHello")
    assert json.loads(answer) == {"rsp": "world"}


def test_health_of_the_server_and_of_a_service(grpcurl, greeter):
    for service in ("", "greeter.Greeter"):
        answer = run(grpcurl, "-plaintext", "-d", json.dumps({"service": service}),
                     greeter.address, "grpc.health.v1.Health/Check")
        assert json.loads(answer) == {"status": "SERVING"}
    statuses = json.loads(run(grpcurl, "-plaintext", greeter.address,
                              "grpc.health.v1.Health/List"))["statuses"]
    assert statuses == {"": {"status": "SERVING"}, "greeter.Greeter": {"status": "SERVING"}}


def test_an_error_comes_with_its_code(grpcurl, greeter):
    process = Process([grpcurl, "-plaintext", "-d", '{"service": "nobody"}', greeter.address,
                       "grpc.health.v1.Health/Check"])
    assert process.wait() != 0
    assert "NotFound" in process.output() and "unknown service nobody" in process.output()


def test_streams_through_a_bidirectional_method(grpcurl, hal_server):
    answer = run(grpcurl, "-plaintext", "-d",
                 '{"responseParameters": [{"size": 2}, {"size": 0}]}', hal_server.address,
                 "grpc.testing.TestService/FullDuplexCall")
    assert answer.count('"payload"') == 2
