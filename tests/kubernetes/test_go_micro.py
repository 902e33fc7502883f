"""The real go-micro 1.18 and ours in one namespace: each finds and calls the other."""

import json
import signal

import pytest

import go_micro
from outside import hal, served
from support.machine import BIN
from support.traces import ask_until

INTEROP = BIN / "hal9000-interop-server"
HELLO = "/api/v1/hello/ww"
WORLD = {"rsp": "world"}
THEIRS = "go.micro.srv.greeter"
OURS = "hal9000-greeter"
TRACE_ID = "80f198ee56343ba864fe8b2a57d3eff7"
SPAN_ID = "e457b5a2e4d86bd1"
B3 = {"x-b3-traceid": TRACE_ID, "x-b3-spanid": SPAN_ID, "x-b3-sampled": "1"}
REQUEST_ID = "3c8a7c2e-8f0b-9d5a-9a3e-0f4d2b1c6e7f"
# (gRPC's code, go-micro's, its phrase): what they mean by each other's. Theirs has no words for the
# others.
CODES = [("INVALID_ARGUMENT", 3, 400, "Bad Request"), ("NOT_FOUND", 5, 404, "Not Found"),
         ("ALREADY_EXISTS", 6, 409, "Conflict"), ("PERMISSION_DENIED", 7, 403, "Forbidden"),
         ("FAILED_PRECONDITION", 9, 412, "Precondition Failed"),
         ("UNIMPLEMENTED", 12, 501, "Not Implemented"),
         ("INTERNAL", 13, 500, "Internal Server Error"),
         ("UNAVAILABLE", 14, 503, "Service Unavailable"),
         ("UNAUTHENTICATED", 16, 401, "Unauthorized")]


@pytest.fixture(scope="module")
def go_account(cluster):
    go_micro.add_account(cluster)


@pytest.fixture
def go(go_account, pods):
    return go_micro.GoMicro(pods)


def call(cluster, service, msg, *more):
    """`hal call --json`: what the greeter of that name answers."""
    _, out, err = hal(cluster, "call", "greeter.Greeter/SayHello", json.dumps({"msg": msg}),
                      f"--service={service}", "--json", *more)
    assert out, err
    return json.loads(out)


def test_each_calls_the_other_and_its_own(cluster, pods, go):
    ours = pods.greeter("greeter-1", "127.0.1.1")
    theirs = go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    assert cluster.registered("go-greeter-1", THEIRS)["nodes"][0]["address"] == theirs.address
    for service in (OURS, THEIRS):
        assert go.call(f"-service={service}", "-calls=3") == [WORLD] * 3
        answer = call(cluster, service, "x")
        assert (answer["status"]["code"], answer["reply"]) == ("OK", WORLD)
    for number, service in enumerate((OURS, THEIRS)):
        api = pods.api(f"api-{number}", f"127.0.1.{5 + number}", GREETER_SERVICE_NAME=service)
        for _ in range(3):
            assert api.get(HELLO).json() == {"status": "OK", "message": "world"}
    theirs.wait_request(7)
    assert served(ours) == len(theirs.requests()) == 7


def test_its_client_may_speak_json(pods, go):
    ours = pods.greeter("greeter-1", "127.0.1.1")
    theirs = go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    for service in (OURS, THEIRS):
        assert go.call(f"-service={service}", "-json", "-calls=3") == [WORLD] * 3
    theirs.wait_request(3)
    assert served(ours) == len(theirs.requests()) == 3
    (unknown,) = go.call("-endpoint=Greeter.Nothing", "-json")
    assert unknown["error"]["code"] == 501


def test_the_hal_command_shows_both(cluster, pods, go):
    pods.greeter("greeter-1", "127.0.1.1")
    theirs = go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    code, out, err = hal(cluster, "services", "--json")
    assert code == 0, err
    services = {each["name"]: each for each in json.loads(out)}
    assert set(services) == {OURS, THEIRS}
    assert services[THEIRS]["nodes"][0]["address"] == theirs.address
    for each in services.values():
        assert each["endpoints"] == ["Greeter.SayHello"]


def test_nodes_of_both_kinds_serve_one_name(cluster, pods, go):
    ours = pods.greeter("greeter-1", "127.0.1.1")
    theirs = go.greeter("go-greeter-1", "127.0.1.3")
    api = pods.api("api-1", "127.0.1.2")

    def both_are_called(make_a_call):
        before = served(ours), len(theirs.requests())

        def once_more():
            make_a_call()
            return served(ours) > before[0] and len(theirs.requests()) > before[1]
        assert ask_until(once_more)

    def by_api():
        assert api.get(HELLO).status == 200

    def by_hal():
        assert call(cluster, OURS, "x")["reply"] == WORLD

    def by_theirs():
        assert go.call("-calls=10") == [WORLD] * 10
    for make_a_call in (by_api, by_hal, by_theirs):
        both_are_called(make_a_call)


def test_their_errors_are_ours(cluster, pods, go):
    go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    api = pods.api("api-1", "127.0.1.2", GREETER_SERVICE_NAME=THEIRS)
    for code, _, http, _ in CODES:
        status = call(cluster, THEIRS, f"error {http} no such thing")["status"]
        assert status["code"] == code
        assert status["message"].endswith("no such thing"), status
        assert "{" not in status["message"]
    assert call(cluster, THEIRS, "plain")["status"]["code"] == "UNKNOWN"
    assert call(cluster, THEIRS, "panic")["status"]["code"] == "INTERNAL"
    refused = api.get("/api/v1/hello/error%20404%20no%20such%20thing")
    assert (refused.status, refused.error) == (404, "no such thing")


def test_they_read_our_errors(pods, go):
    server = pods.run(INTEROP, "--port=0")
    address = server.wait_line(r"listens on ([\d.]+:\d+)").group(1)

    def error(code, text):
        """Of a SimpleRequest that asks for this response_status."""
        status = b"\x08%c\x12%c%b" % (code, len(text), text.encode())
        request = b"\x3a%c%b" % (len(status), status)
        (answer,) = go.call("-service=hal9000-interop-server", "-endpoint=TestService.UnaryCall",
                            f"-hex={request.hex()}", address=address)
        return answer["error"]
    for _, code, http, phrase in CODES:
        assert error(code, "no such thing") == {
            "id": "hal9000-interop-server", "code": http, "detail": "no such thing",
            "status": phrase}
    (unknown,) = go.call("-service=hal9000-interop-server", "-endpoint=TestService.Nothing",
                         address=address)
    assert unknown["error"]["code"] == 501
    (alias,) = go.call("-service=another-name", "-endpoint=TestService.EmptyCall", address=address)
    assert alias["error"]["code"] == 501


def test_deadlines_cross(cluster, pods, go):
    theirs = go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    assert call(cluster, THEIRS, "x", "--timeout=1m")["reply"] == WORLD
    assert 0 < theirs.wait_request(1)["left_ms"] <= 60_000
    late = call(cluster, THEIRS, "wait", "--timeout=300ms")
    assert late["status"]["code"] == "DEADLINE_EXCEEDED"
    ours = pods.greeter("greeter-1", "127.0.1.1")
    ours.signal(signal.SIGSTOP)
    try:
        (answer,) = go.call("-timeout=300ms")
    finally:
        ours.signal(signal.SIGCONT)
    assert answer["error"]["code"] == 408, answer
    assert go.call() == [WORLD]


def test_who_stops_is_not_called_any_more(cluster, pods, go):
    ours = pods.greeter("greeter-1", "127.0.1.1")
    theirs = go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    api = pods.api("api-1", "127.0.1.2", GREETER_SERVICE_NAME=THEIRS)
    assert api.get(HELLO).status == 200
    assert go.call() == [WORLD]
    theirs.stop()
    assert cluster.registered("go-greeter-1", THEIRS) is None
    assert ask_until(lambda: api.get(HELLO).status == 503)
    ours.stop()
    (answer,) = go.call()
    assert answer["error"]["detail"] == f"service {OURS}: not found"


def test_no_call_is_lost_while_ours_come_and_go_before_their_client(cluster, pods, go):
    # Its watch has two habits. Changes of the pods that are there when it begins it takes for
    # changes of the last of them, by name: ours is not that one. A pod that is new among those
    # with the label is nothing to it; the first change of that pod is: that it becomes ready.
    go.greeter("go-greeter-1", "127.0.1.3")
    ours = pods.greeter("a-greeter", "127.0.1.1", HAL_DRAIN_GRACE="5s")
    caller = go.call_until_ended()
    ours.stop()
    again = pods.greeter("greeter-2", "127.0.1.4")
    cluster.set_ready("greeter-2", False)
    cluster.set_ready("greeter-2", True)
    assert ask_until(lambda: served(again) > 100)
    told = go_micro.end_calls(caller)
    assert told["failed"] == [] and told["calls"] > 100


def test_no_call_is_lost_while_theirs_come_and_go_before_our_client(pods, go):
    pods.greeter("greeter-1", "127.0.1.1")
    theirs = go.greeter("go-greeter-1", "127.0.1.3")
    api = pods.api("api-1", "127.0.1.2")

    def is_called(greeter):
        assert api.get(HELLO).status == 200
        return len(greeter.requests()) > 0
    assert ask_until(lambda: is_called(theirs))
    theirs.stop()
    for _ in range(100):
        assert api.get(HELLO).status == 200
    again = go.greeter("go-greeter-2", "127.0.1.4")
    assert ask_until(lambda: is_called(again))


def test_traces_go_on(pods, go):
    collector = pods.collector()
    traced = {"HAL_TRACE_MODE": "full",
              "OTEL_EXPORTER_OTLP_ENDPOINT": collector.node.metadata["otlp"]}
    pods.greeter("greeter-1", "127.0.1.1", **traced)
    theirs = go.greeter("go-greeter-1", "127.0.1.3", THEIRS)
    # Theirs to ours: metadata is all it takes.
    sent = {**B3, "x-request-id": REQUEST_ID}
    assert go.call(*(f"-header={name}={value}" for name, value in sent.items())) == [WORLD]
    (span,) = collector.traces.wait_whole(REQUEST_ID, [(OURS, "server")], SPAN_ID)
    assert (span.trace_id, span.parent_id) == (TRACE_ID, SPAN_ID)
    # Ours to theirs.
    api = pods.api("api-1", "127.0.1.2", GREETER_SERVICE_NAME=THEIRS, **traced)
    trace_id = TRACE_ID[::-1]
    assert api.get(HELLO, {**B3, "x-b3-traceid": trace_id,
                           "x-request-id": REQUEST_ID[::-1]}).status == 200
    metadata = theirs.wait_request(1)["metadata"]
    assert metadata["x-request-id"] == REQUEST_ID[::-1]
    assert (metadata["x-b3-traceid"], metadata["x-b3-sampled"]) == (trace_id, "1")
    assert metadata["traceparent"] == f"00-{trace_id}-{metadata['x-b3-spanid']}-01"
    spans = collector.traces.wait_whole(
        REQUEST_ID[::-1], [("hal9000-api", "server"), ("hal9000-api", "client")], SPAN_ID)
    assert metadata["x-b3-spanid"] in [span.id for span in spans if span.kind == "client"]
