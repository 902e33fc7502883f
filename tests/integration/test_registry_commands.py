"""`hal services` and `hal call`: what the registry knows, and one RPC through it."""

import json

import pytest

from support.machine import HAL


def run(machine, *words, **variables):
    """Exit code, standard output, standard error."""
    process = machine.run(HAL, *words, **variables)
    return process.wait(), process.output("out"), process.output("err")


def test_services_are_listed(machine):
    assert run(machine, "services") == (
        0, "SERVICE  VERSION  ADDRESS  AGE  ENDPOINTS",
        "hal services: the local registry knows no service")
    greeter, api = machine.greeter(SERVICE_VERSION="v7"), machine.api()
    code, out, err = run(machine, "services")
    assert (code, err) == (0, "")
    rows = [line.split(maxsplit=4) for line in out.splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["hal9000-api", rows[0][1], api.address], ["hal9000-greeter", "v7", greeter.address]]
    assert rows[0][3].endswith("s")
    assert "/api/v1/hello/:id" in rows[0][4]
    assert rows[1][4] == "Greeter.SayHello"
    code, out, _ = run(machine, "services", "--json")
    assert code == 0
    services = {each["name"]: each for each in json.loads(out)}
    assert services["hal9000-greeter"]["version"] == "v7"
    assert services["hal9000-greeter"]["endpoints"] == ["Greeter.SayHello"]
    (node,) = services["hal9000-greeter"]["nodes"]
    assert node["address"] == greeter.address
    assert node["age_s"] >= 0
    assert node["metadata"]["server"] == "grpc"


def test_a_method_is_called_by_its_name(machine):
    machine.greeter()
    request = '{"msg":"x"}'
    code, out, err = run(machine, "call", "greeter.Greeter/SayHello", request)
    assert (code, json.loads(out)) == (0, {"rsp": "world"}), err
    code, out, _ = run(machine, "call", "greeter.Greeter/SayHello", request, "--json")
    assert (code, json.loads(out)) == (0, {
        "service": "hal9000-greeter", "status": {"code": "OK", "message": ""},
        "reply": {"rsp": "world"}})
    code, out, _ = run(machine, "call", "grpc.health.v1.Health/Check",
                       "--service=hal9000-greeter")
    assert (code, json.loads(out)) == (0, {"status": "SERVING"})


def test_a_call_by_hand_is_traced_as_any_users(machine):
    collector, greeter = machine.collector(), machine.greeter()
    code, _, err = run(machine, "call", "greeter.Greeter/SayHello", '{"msg":"x"}')
    assert code == 0, err
    greeter.stop()
    (spans,) = collector.traces.traces()
    assert [(span.name, span.parent_id) for span in spans] == [("greeter.Greeter/SayHello", "")]


@pytest.mark.parametrize(("words", "code", "says"), [
    (["greeter.Greeter/SayHello", '{"no":1}'], 2, "INVALID_ARGUMENT"),
    (["greeter.Greeter/Nothing"], 1, "no service of the registry has Greeter.Nothing"),
    (["greeter.Greeter/Nothing", "--service=hal9000-greeter"], 1, "it has SayHello"),
    (["greeter.Greeter/SayHello", "--service=nobody"], 1, "no node of 'nobody'"),
    (["SayHello"], 2, "usage: hal call"),
    (["a.B/C", "{}", "more"], 2, "usage: hal call"),
    (["a.B/C", "--nonsense=1"], 2, "nonsense"),
])
def test_what_is_wrong_with_a_call(machine, words, code, says):
    machine.greeter()
    ended, out, err = run(machine, "call", *words)
    assert (ended, out) == (code, "")
    assert says in err
