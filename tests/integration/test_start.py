"""How a service starts, refuses to start, and ends."""

import contextlib
import json
import os
import re
import signal
import threading

import grpc
import pytest

from support import CAP, http, rpc
from support.machine import API, GREETER, HAL
from support.ports import taken_port


@pytest.mark.parametrize("variable", ["SERVICE_PORT", "HAL_ADMIN_PORT"])
@pytest.mark.parametrize("program", [API, GREETER], ids=["api", "greeter"])
def test_a_taken_port_ends_it_naming_port_and_holder(machine, program, variable):
    with taken_port() as port:
        process = machine.run(program, **{variable: port})
        assert process.wait() == 1, process.output()
    message = process.output("err").splitlines()[-1]
    assert str(port) in message and f"pid {os.getpid()}" in message


def test_a_port_of_another_service_is_taken_too(machine):
    """SO_REUSEPORT would share it in silence."""
    first = machine.greeter()
    second = machine.run(GREETER, SERVICE_PORT=first.port)
    assert second.wait() == 1
    assert f"port {first.port} is taken by hal9000-greeter (pid {first.pid})" in second.output()
    with rpc.channel(first.address) as channel:
        for _ in range(20):
            assert rpc.say_hello(channel)(rpc.request("mine"), timeout=CAP).rsp == "world"


@pytest.mark.parametrize("flag", ["HAL_COLLECTOR_OTLP_PORT", "HAL_COLLECTOR_QUERY_PORT"])
def test_a_taken_port_ends_the_collector(machine, flag):
    with taken_port() as port:
        process = machine.run(HAL, "collector", **{flag: port})
        assert process.wait() == 1, process.output()
    assert str(port) in process.output("err") and f"pid {os.getpid()}" in process.output("err")


# Variable, value, and words of what is allowed.
REFUSED = [
    ("SERVICE_PORT", "tcp://10.0.0.1:80", ["0 to 65535", "enableServiceLinks"]),
    ("SERVICE_PORT", "99999", ["0 to 65535"]),
    ("SERVICE_PORT", "abc", ["0 to 65535"]),
    ("SERVICE_HOST", "300.1.1.1", ["IP address"]),
    ("SERVICE_PORT", "-1", ["0 to 65535"]),
    ("HAL_ADMIN_PORT", "8080x", ["0 to 65535"]),
    ("HAL_TRACE_MODE", "half", ["full", "forward", "off"]),
    ("HAL_REGISTRY", "nonsense", ["local", "static"]),
    ("HAL_STATIC_ADDRESSES", "greeter", ["name=host:port"]),
    ("HAL_LOCAL_DIR", "relative/folder", ["path"]),
    ("HAL_WORKERS", "many", ["0 to 64"]),
    ("HAL_LOG_LEVEL", "loud", ["debug", "info", "warn", "error"]),
    ("HAL_LOG_FORMAT", "xml", ["json", "text"]),
    ("HAL_DRAIN_TIMEOUT", "soon", ["duration"]),
    ("HAL_MESH_PROVIDER", "other", ["auto", "zipkin", "w3c"]),
    ("OTEL_BSP_SCHEDULE_DELAY", "never", ["duration"]),
    ("OTEL_PROPAGATORS", "xray", ["tracecontext", "baggage", "b3multi", "b3", "jaeger", "none"]),
    ("OTEL_TRACES_SAMPLER", "sometimes", []),
    ("OTEL_TRACES_EXPORTER", "console", ["otlp", "zipkin", "none"]),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", ["http/protobuf", "grpc"]),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", ["gzip", "none"]),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", ["duration"]),
    ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "zipkin:9411", ["http://"]),
    ("OTEL_BSP_EXPORT_TIMEOUT", "never", ["duration"]),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", ["0 to 100000"]),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "lots", ["0 to 1048576"]),
    ("HAL_FORWARD_HEADERS", "content-length", ["one hop"]),
    ("OTEL_RESOURCE_ATTRIBUTES", "nonsense", ["key=value"]),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://here", ["http"]),
    ("ENABLE_TRACE", "perhaps", ["true", "false"]),
    ("TRACE_URL", "zipkin", ["http://"]),
]


@pytest.mark.parametrize("variable, value, allowed", REFUSED,
                         ids=[f"{variable}={value}" for variable, value, _ in REFUSED])
def test_a_wrong_value_is_exit_code_2(machine, variable, value, allowed):
    process = machine.run(GREETER, **{variable: value})
    assert process.wait() == 2, process.output()
    message = process.output("err").splitlines()[-1]
    for words in (variable, value, *allowed):
        assert words in message


@pytest.mark.parametrize("command, variable, other", [
    ((GREETER,), "HAL_ADMIN_PORT", "SERVICE_PORT"),
    ((HAL, "collector"), "HAL_COLLECTOR_QUERY_PORT", "HAL_COLLECTOR_OTLP_PORT")],
    ids=["service", "collector"])
def test_one_port_is_not_for_two(machine, command, variable, other):
    """SO_REUSEPORT would share it in silence."""
    process = machine.run(*command, **{variable: 20001, other: 20001})
    assert process.wait() == 2, process.output()
    assert f"{variable}='20001': allowed is any port but {other}'s" in process.output("err")


def test_all_wrong_values_are_told_at_once(machine):
    process = machine.run(GREETER, SERVICE_PORT="x", HAL_WORKERS="y", OTEL_BSP_SCHEDULE_DELAY="z")
    assert process.wait() == 2
    for words in ("SERVICE_PORT='x'", "HAL_WORKERS='y'", "OTEL_BSP_SCHEDULE_DELAY='z'"):
        assert words in process.output("err")


def test_an_unknown_flag_is_exit_code_2(machine):
    for program in ([GREETER], [API], [HAL, "collector"]):
        process = machine.run(*program, "--nonsense=1")
        assert process.wait() == 2, process.output()
        assert "--nonsense" in process.output("err")


def test_a_flag_wins_over_its_variable(machine):
    service = machine.service(GREETER, "--service-port=0", SERVICE_PORT="1",
                              SERVICE_NAME="hal9000-greeter")
    assert service.port > 1


def modes(service):
    return service.wait_line(r'message="traces: (\w+) \((.*?)\)').groups()


def test_without_a_collector_traces_are_forwarded_and_the_log_says_why(machine):
    assert modes(machine.greeter()) == ("forward", "no endpoint to export to is configured")


def test_with_a_collector_in_the_registry_they_are_full(machine):
    collector = machine.collector()
    greeter = machine.greeter()
    assert modes(greeter) == ("full", "a collector is in the local registry")
    greeter.wait_line(re.escape(f"spans go to {collector.node.metadata['otlp']}/v1/traces"))


@pytest.mark.parametrize("variables, mode, reason", [
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "full", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ({"TRACE_URL": "http://127.0.0.1:1"}, "full", "TRACE_URL"),
    ({"OTEL_EXPORTER_ZIPKIN_ENDPOINT": "http://127.0.0.1:1"}, "full",
     "OTEL_EXPORTER_ZIPKIN_ENDPOINT"),
    ({"OTEL_TRACES_EXPORTER": "zipkin"}, "forward", "no endpoint"),
    ({"HAL_TRACE_MODE": "off"}, "off", "HAL_TRACE_MODE"),
    ({"HAL_TRACE_MODE": "FORWARD"}, "forward", "HAL_TRACE_MODE"),
    ({"ENABLE_TRACE": "false"}, "off", "ENABLE_TRACE"),
    ({"OTEL_SDK_DISABLED": "true"}, "forward", "OTEL_SDK_DISABLED"),
    ({"OTEL_TRACES_EXPORTER": "none"}, "forward", "OTEL_TRACES_EXPORTER"),
], ids=["endpoint", "TRACE_URL", "Zipkin", "exporter's name alone", "off", "forward",
        "ENABLE_TRACE", "disabled", "no exporter"])
def test_the_mode_and_its_reason(machine, variables, mode, reason):
    got, why = modes(machine.greeter(**variables))
    assert got == mode and reason in why


def test_a_collector_that_is_away_costs_no_request(machine):
    machine.greeter(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    api = machine.api(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    for _ in range(20):
        assert api.get("/api/v1/hello/ww").status == 200


def test_the_name_in_spans(machine):
    collector = machine.collector()
    greeter = machine.greeter(OTEL_SERVICE_NAME="otel-name",
                              OTEL_RESOURCE_ATTRIBUTES="service.name=other,team=a%20b")
    with rpc.channel(greeter.address) as channel:
        rpc.say_hello(channel)(rpc.request("x"), timeout=CAP)
    greeter.stop()
    ((span,),) = collector.traces.traces()
    assert span.service == "otel-name"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_exits_0(machine, number):
    for service in (machine.collector(), machine.greeter(), machine.api()):
        service.signal(number)
        assert service.wait() == 0, service.output()
        assert f"signal {number.value}: drain" in service.output()
    assert list(machine.folder.glob("*.json")) == []


def test_sighup_ends_nothing(machine):
    api = machine.api()
    api.signal(signal.SIGHUP)
    api.wait_line("SIGHUP")
    assert api.get("/api/v1/ping").status == 200


@pytest.fixture
def held(machine, stand_in):
    """An api with one request under way, held by its upstream: (api, gate, result)."""
    gate = rpc.Gate()

    def hold(text, context):
        gate.hold(context, CAP)
        return "released"

    api = machine.api(**stand_in(hold).variables)
    connection = http.RawConnection(api.address)
    connection.send("GET /api/v1/hello/held HTTP/1.1\r\nHost: x\r\n\r\n")
    assert gate.entered.wait(CAP)
    yield api, gate, connection
    gate.opened.set()
    connection.close()


def test_a_drain_finishes_the_request_under_way(held):
    api, gate, connection = held
    assert api.admin("/readyz").status == 200
    api.signal(signal.SIGTERM)
    api.wait_line("signal 15: drain")
    assert api.admin("/readyz").status == 503
    assert api.admin("/livez").status == 200
    gate.opened.set()
    response = connection.read_response()
    assert (response.status, response.json()["message"]) == (200, "released")
    assert response.header("connection") == "close"
    assert connection.closed_by_peer()
    assert api.wait() == 0


def test_health_is_told_as_soon_as_readyz(machine):
    """Before the grace, not behind it: load balancers that ask by gRPC learn it as early."""
    greeter = machine.greeter(HAL_DRAIN_GRACE="1h")
    serving, not_serving = b"\x08\x01", b"\x08\x02"  # HealthCheckResponse of grpc.health.v1
    with rpc.channel(greeter.address) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=CAP)
        assert next(watch) == serving
        greeter.signal(signal.SIGTERM)
        assert next(watch) == not_serving
        assert greeter.admin("/readyz").status == 503
        assert rpc.raw(channel, "/grpc.health.v1.Health/Check")(b"", timeout=CAP) == not_serving
        assert rpc.say_hello(channel)(rpc.request("in grace"), timeout=CAP).rsp == "world"
        watch.cancel()
    greeter.signal(signal.SIGTERM)
    assert greeter.wait() == 128 + signal.SIGTERM


def test_a_second_signal_ends_it_at_once(held):
    api, _, connection = held
    api.signal(signal.SIGTERM)
    api.wait_line("signal 15: drain")
    api.signal(signal.SIGTERM)
    assert api.wait() == 128 + signal.SIGTERM
    assert "second signal" in api.output("err")
    assert connection.rest() == b""


def test_the_drain_timeout_cuts_what_is_still_under_way(machine, stand_in):
    gate = rpc.Gate()

    def hold(text, context):
        gate.hold(context, CAP)
        return "late"

    api = machine.api(**stand_in(hold).variables, HAL_DRAIN_TIMEOUT="10ms")
    with http.RawConnection(api.address) as connection:
        connection.send("GET /api/v1/hello/held HTTP/1.1\r\nHost: x\r\n\r\n")
        assert gate.entered.wait(CAP)
        api.stop()
        gate.opened.set()


def test_a_drain_under_load_loses_no_request(machine):
    """SIGTERM among clients that keep their connections: whatever the api took is answered. A
    request that crosses the close of an idle connection has never been looked at."""
    greeter = machine.greeter()
    api = machine.api()
    answered, failures = set(), []
    busy = threading.Semaphore(0)

    def call_until_closed(client):
        with http.RawConnection(api.address) as connection:
            for number in range(1_000_000):
                text = f"drain-{client}-{number}"
                try:
                    connection.send(f"GET /api/v1/hello/{text} HTTP/1.1\r\nHost: x\r\n\r\n")
                    response = connection.read_response()
                except (AssertionError, OSError):
                    return
                if response.status != 200:
                    failures.append(response)
                answered.add(text)
                busy.release()
                if response.header("connection") == "close":
                    return

    clients = [threading.Thread(target=call_until_closed, args=(number,)) for number in range(8)]
    for client in clients:
        client.start()
    for _ in range(200):
        assert busy.acquire(timeout=CAP)
    api.stop()
    for client in clients:
        client.join(CAP)
    greeter.stop()
    assert failures == []
    assert set(re.findall(r"hello (drain-\d+-\d+)", greeter.output())) == answered


def test_admin_port(machine):
    for service in (machine.greeter(), machine.api(), machine.collector()):
        assert service.admin("/livez").status == 200
        assert service.admin("/readyz").status == 200
        version = service.admin("/version").json()
        assert version["version"]
        assert service.counter("hal_spans_dropped_total") == 0
        assert service.counter("hal_log_lines_dropped_total") == 0
        assert service.admin("/nowhere").error
        # It is no part of the service's port, nor the other way round.
        if service.node.metadata["protocol"] == "http":
            assert service.get("/livez").status == 404


def test_services_by_hand_get_out_of_each_others_way(machine):
    """Nothing is set: the second one leaves 8081 to the first, or to who has it."""
    services = [machine.greeter(HAL_ADMIN_PORT=None), machine.api(HAL_ADMIN_PORT=None)]
    assert len({service.admin_address for service in services}) == 2
    for service in services:
        assert service.admin("/readyz").status == 200


def test_what_protobuf_says_stands_in_the_log(machine):
    machine.collector()  # spans have ids then
    greeter = machine.greeter()
    with rpc.channel(greeter.address) as channel, contextlib.suppress(grpc.RpcError):
        rpc.raw(channel)(b"\x0a\x01\xff", timeout=CAP)
    line = greeter.wait_line("invalid UTF-8").string
    assert line.startswith("time=") and "level=warn" in line and "trace_id=" in line


def test_the_node_in_the_registry(machine):
    greeter, api = machine.greeter(), machine.api()
    for service, protocol in ((greeter, "grpc"), (api, "http")):
        node = service.node
        assert node.id.startswith(node.service + "-")
        assert node.metadata["server"] == node.metadata["protocol"] == protocol
        assert node.metadata["hal"]
        (path,) = [path for path in machine.folder.glob("*.json") if node.id in path.read_text()]
        document = json.loads(path.read_text())
        assert list(document) == ["name", "version", "metadata", "endpoints", "nodes"]
        assert path.stat().st_mode & 0o077 == 0
