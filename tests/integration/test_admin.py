"""The admin port: probes, metrics, configuration and the log's level."""

import contextlib
import re
import socket
from http.client import HTTPConnection

import pytest

from support import CAP, http, rpc
from support.traces import ask_until


def samples(service):
    """Name and sorted labels -> value, of /metrics."""
    found = {}
    for line in service.admin("/metrics").text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        pairs = tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))
        assert (name, pairs) not in found, line
        found[name, pairs] = float(value)
    return found


def requests(found, **labels):
    """The sum of hal_requests_total over what the labels leave open."""
    return sum(value for (name, pairs), value in found.items()
               if name == "hal_requests_total" and set(labels.items()) <= set(pairs))


def put(address, path, body, headers=""):
    return http.exchange(address, f"PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                  f"{headers}Content-Length: {len(body)}\r\n\r\n{body}")


def test_requests_are_counted_by_route_and_status(machine):
    greeter, api = machine.greeter(HAL_WORKERS=2), machine.api(HAL_WORKERS=2)
    for _ in range(5):
        assert api.get("/api/v1/hello/a").status == 200
    assert api.get("/api/v1/ping").status == 200
    assert api.get("/made/up/1").status == api.get("/made/up/2").status == 404
    found = samples(api)
    assert requests(found, protocol="http", method="GET", route="/api/v1/hello/:id",
                    status="200") == 5
    assert requests(found, route="", status="404") == 2
    assert requests(found) == 8
    hello = (("method", "GET"), ("protocol", "http"), ("route", "/api/v1/hello/:id"))
    assert found["hal_request_duration_seconds_count", hello] == 5
    assert found["hal_request_duration_seconds_sum", hello] > 0
    buckets = [value for (name, pairs), value in found.items()
               if name == "hal_request_duration_seconds_bucket" and set(hello) <= set(pairs)]
    assert buckets == sorted(buckets) and buckets[-1] == 5
    assert requests(samples(greeter), protocol="grpc", route="greeter.Greeter/SayHello",
                    status="OK") == 5


def test_what_the_edge_refuses_is_counted_and_told(machine):
    api = machine.api(HAL_WORKERS=2)
    large = {"x-large": "x" * 100_000}
    assert [api.get("/api/v1/ping", large).status for _ in range(3)] == [431] * 3
    found = samples(api)
    assert found["hal_requests_refused_total", (("protocol", "http"), ("status", "431"))] == 3
    assert requests(found) == 0
    api.wait_line("http request refused with 431: ")


def test_requests_and_connections_under_way(machine, stand_in):
    gate = rpc.Gate()

    def hold(text, context):
        gate.hold(context, CAP)
        return "x"

    api = machine.api(**stand_in(hold).variables)
    with http.RawConnection(api.address) as connection:
        connection.send("GET /api/v1/hello/held HTTP/1.1\r\nHost: x\r\n\r\n")
        assert gate.entered.wait(CAP)
        found = samples(api)
        assert found["hal_requests_in_flight", (("protocol", "http"),)] == 1
        assert found["hal_connections", ()] == 1
        assert requests(found) == 0
        gate.opened.set()
        assert connection.read_response().status == 200
    found = samples(api)
    assert found["hal_requests_in_flight", (("protocol", "http"),)] == 0
    assert found["hal_connections_accepted_total", ()] == 1


def test_an_rpc_that_fails_has_its_code(machine):
    greeter = machine.greeter()
    with rpc.channel(greeter.address) as channel:
        for path in ("/greeter.Greeter/Nothing", "/made.Up/Name"):
            call = channel.unary_unary(path)
            with pytest.raises(Exception):
                call(b"", timeout=CAP)
    found = samples(greeter)
    assert requests(found, protocol="grpc", status="UNIMPLEMENTED") == 2
    assert {dict(pairs).get("route") for (name, pairs) in found
            if name == "hal_requests_total"} == {"_OTHER"}


def test_traces_and_restarts(machine):
    machine.collector()
    machine.greeter()
    api = machine.api(HAL_TRACE_MODE="full")
    assert api.get("/api/v1/hello/a").status == 200
    assert api.get("/api/v1/ping", {"traceparent": "00-nonsense"}).status == 200
    # A span may end after its answer has gone out.
    assert ask_until(lambda: samples(api)["hal_spans_recorded_total", ()] == 3)
    found = samples(api)
    assert found["hal_spans_failed_total", ()] == 0
    assert found["hal_trace_restarts_total", (("reason", "traceparent"),)] == 1
    assert found["hal_trace_restarts_total", (("reason", "b3_single"),)] == 0
    assert found["process_start_time_seconds", ()] > 1e9


def test_the_configuration_with_its_sources(machine):
    api = machine.api(GREETER_SERVICE_NAME="other")
    answer = api.admin("/config").json()
    assert answer["service"] == "hal9000-api"
    options = {option["name"]: option for option in answer["options"]}
    assert options["GREETER_SERVICE_NAME"] == {
        "name": "GREETER_SERVICE_NAME", "value": "other",
        "source": "environment GREETER_SERVICE_NAME"}
    assert options["HAL_DRAIN_GRACE"]["source"] == "default"


def test_the_log_level_is_read_and_set(machine):
    api = machine.api()
    admin = api.admin_address
    assert api.admin("/log-level").json() == {"level": "info"}
    assert put(admin, "/log-level", "debug").json() == {"level": "debug"}
    api.wait_line("log level debug, was info")
    assert put(admin, "/log-level", '{"level": "OFF"}').json() == {"level": "off"}
    api.wait_line("log level off, was debug")
    assert api.admin("/log-level").json() == {"level": "off"}
    for wrong in ("loud", "", '{"level": 1}', '{"lvel": "info"}'):
        assert put(admin, "/log-level", wrong).status == 400
    assert put(admin, "/log-level", "info").status == 200


def own_address():
    """An address of this machine that is not loopback; None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def test_configuration_and_log_level_are_for_this_machine_only(machine):
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but loopback")
    api = machine.api(SERVICE_HOST="0.0.0.0")
    admin = f"{host}:{api.admin_address.rsplit(':', 1)[1]}"
    believed = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    for path in ("/config", "/log-level"):
        for headers in ({}, believed):
            response = http.get(admin, path, headers)
            assert response.status == 403
            assert "answers to this machine only (127.0.0.1 or ::1)" in response.error
            assert f"this call is from {host}" in response.error
    assert put(admin, "/log-level", "debug").status == 403
    assert api.admin("/log-level").json() == {"level": "info"}
    for path in ("/livez", "/readyz", "/metrics", "/version"):
        assert http.get(admin, path).status == 200


def test_a_sidecar_calls_for_others(machine):
    """It connects to its application from another address of loopback, whoever it calls for."""
    sidecar = "127.0.0.6"
    host, port = machine.api().admin_address.rsplit(":", 1)
    for method, path in (("GET", "/config"), ("GET", "/log-level"), ("PUT", "/log-level")):
        connection = HTTPConnection(host, int(port), timeout=CAP, source_address=(sidecar, 0))
        with contextlib.closing(connection):
            connection.request(method, path, body=b"debug" if method == "PUT" else None)
            answer = connection.getresponse()
            assert answer.status == 403
            assert f"this call is from {sidecar}" in answer.read().decode()
