"""Where spans go: OTLP over HTTP and gRPC, Zipkin; what the variables change of it."""

import json
import socket

import pytest

from support import CAP, http
from support.harness import Harness
from support.machine import HAL
from support.ports import free_port
from support.traces import CHAIN, in_order, problems

TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "a2fb4a1d1a96d312"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


@pytest.fixture
def recorder():
    the_recorder = http.Recorder(status=202)
    yield the_recorder
    the_recorder.stop()


def sent_to(recorder, path):
    """Headers and body of the one request that came there."""
    ((headers, body),) = recorder.calls[path]
    return {name.lower(): value for name, value in headers}, body


def assert_guarded(headers):
    assert headers["x-b3-sampled"] == "0"
    assert headers["traceparent"].endswith("-00")


def test_zipkin_gets_its_own_json(machine, recorder):
    api = machine.api(TRACE_URL=f"{recorder.url}/api/v2/spans",
                      OTEL_RESOURCE_ATTRIBUTES="k8s.pod.name=api-1")
    api.wait_line(f"traces: full .TRACE_URL is set., spans go to {recorder.url}/api/v2/spans by "
                  "Zipkin v2")
    assert api.get("/api/v1/ping", {**PARENT, "x-request-id": "the-one"}).status == 200
    api.stop()
    headers, body = sent_to(recorder, "/api/v2/spans")
    assert headers["content-type"] == "application/json"
    assert_guarded(headers)
    (span,) = json.loads(body)
    assert (span["traceId"], span["parentId"]) == (TRACE, SPAN)
    assert span["id"] != SPAN and len(span["id"]) == 16
    assert (span["kind"], span["name"]) == ("SERVER", "get /api/v1/ping")
    assert span["localEndpoint"] == {"serviceName": "hal9000-api"}
    assert span["remoteEndpoint"]["ipv4"] == "127.0.0.1"
    assert isinstance(span["timestamp"], int) and span["duration"] >= 1
    assert span["tags"]["http.response.status_code"] == "200"
    assert span["tags"]["http.request.header.x-request-id"] == '["the-one"]'
    assert span["tags"]["k8s.pod.name"] == "api-1"
    assert "error" not in span["tags"]


def test_zipkins_v1_endpoint_becomes_v2_with_a_warning(machine, recorder):
    api = machine.api(TRACE_URL=f"{recorder.url}/api/v1/spans")
    api.wait_line("level=warn .*is Zipkin's v1 endpoint: spans go as v2 to .*/api/v2/spans")
    assert api.get("/api/v1/ping").status == 200
    api.stop()
    assert list(recorder.calls) == ["/api/v2/spans"]


def by_zipkin(collector):
    return {"OTEL_TRACES_EXPORTER": "zipkin",
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT": collector.node.metadata["zipkin"]}


def by_grpc(collector):
    return {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{collector.node.metadata['otlp_grpc']}"}


def by_http(collector):
    return {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":
            f"{collector.node.metadata['otlp']}/v1/traces"}


@pytest.mark.parametrize("how", [by_zipkin, by_grpc, by_http])
def test_a_trace_arrives_whole(machine, how):
    collector = machine.collector()
    variables = how(collector)
    greeter, api = machine.greeter(**variables), machine.api(**variables)
    for number in range(20):
        assert api.get("/api/v1/hello/ww", {"x-request-id": f"r{number}"}).status == 200
    api.stop()
    greeter.stop()
    traces = collector.traces.traces()
    assert len(traces) == 20  # and none of the exports themselves
    for spans in traces:
        assert not problems(spans), spans
    assert [(span.service, span.kind) for span in in_order(traces[0])] == CHAIN


def test_a_collector_that_is_away_at_first_gets_the_spans_by_grpc(machine):
    """The call is sent again, and the process ends although the collector never comes back."""
    port = free_port()
    patience = 1000 * CAP  # for the collector's start
    api = machine.api(OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
                      OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
                      OTEL_EXPORTER_OTLP_TIMEOUT=patience, OTEL_BSP_EXPORT_TIMEOUT=patience)
    assert api.get("/api/v1/ping", {"x-request-id": "early"}).status == 200
    collector = machine.collector(HAL_COLLECTOR_OTLP_GRPC_PORT=port)
    assert collector.traces.wait_whole("early", CHAIN[:1])
    collector.stop()
    assert api.get("/api/v1/ping").status == 200
    api.stop()


def test_headers_go_with_each_export(machine, recorder):
    api = machine.api(OTEL_EXPORTER_OTLP_ENDPOINT=recorder.url,
                      OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20x%3D,x-tenant=blue")
    assert api.get("/api/v1/ping").status == 200
    api.stop()
    headers, _ = sent_to(recorder, "/v1/traces")
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer x=", "blue")
    assert headers["content-type"] == "application/x-protobuf"
    assert_guarded(headers)


def test_the_commands_own_questions_are_no_trace_either(machine, recorder):
    """`hal` may run beside a sidecar, whose traces it looks at."""
    process = machine.run(HAL, "trace", "show", TRACE, HAL_COLLECTOR_URL=recorder.url)
    assert process.wait() == 1  # the answer is no trace
    headers, _ = sent_to(recorder, f"/api/traces/{TRACE}")
    assert_guarded(headers)


@pytest.mark.parametrize("variables", [
    {"OTEL_EXPORTER_OTLP_TIMEOUT": 100}, {"OTEL_BSP_EXPORT_TIMEOUT": 100}],
    ids=["exporter", "processor"])
def test_a_silent_collector_costs_a_batch_its_timeout(machine, variables):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = machine.api(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}", **variables)
        assert api.get("/api/v1/ping").status == 200
        api.wait_line("trace export to .*deadline exceeded .1 spans lost", CAP)
        api.stop()


def tags_of_ping(machine, **variables):
    collector = machine.collector()
    api = machine.api(**variables)
    assert api.get("/api/v1/ping?a=b").status == 200
    api.stop()
    ((span,),) = collector.traces.traces()
    return span, {name: value for name, value in span.tags.items()
                  if name.split(".")[0] in ("http", "url", "network", "user_agent")}


def test_limits_of_spans(machine):
    span, tags = tags_of_ping(machine, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=3,
                              OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=4)
    assert tags == {"http.request.method": "GET", "url.path": "/api", "url.scheme": "http"}
    assert span.name == "GET /api/v1/ping"


@pytest.mark.parametrize("sampler, argument, kept", [
    ("always_off", None, 0), ("parentbased_traceidratio", "0", 0), ("traceidratio", "1.0", 10),
    ("parentbased_always_on", None, 10)])
def test_the_sampler_decides(machine, sampler, argument, kept):
    collector = machine.collector()
    api = machine.api(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
    for _ in range(10):
        assert api.get("/api/v1/ping").status == 200
    api.stop()
    assert len(collector.traces.traces()) == kept


B3 = {"x-b3-traceid", "x-b3-spanid", "x-b3-sampled"}
CONTEXT = B3 | {"traceparent", "tracestate", "baggage", "b3", "uber-trace-id"}


@pytest.mark.parametrize("propagators, names", [
    (None, B3 | {"traceparent", "tracestate", "baggage"}),
    ("tracecontext,baggage", {"traceparent", "tracestate", "baggage"}),
    ("b3multi", B3),
    ("b3", {"b3"}),
    ("jaeger,baggage", {"uber-trace-id", "baggage"}),
    ("b3multi,b3,jaeger,tracecontext", B3 | {"b3", "uber-trace-id", "traceparent", "tracestate"}),
    ("none", set()),
])
@pytest.mark.parametrize("mode", ["full", "forward"])
def test_propagators_say_what_goes_out(machine, stand_in, recorder, mode, propagators, names):
    harness = Harness(machine, recorder, stand_in(), HAL_TRACE_MODE=mode,
                      OTEL_PROPAGATORS=propagators)
    headers = [*PARENT.items(), ("tracestate", "a=1"), ("baggage", "k=v"), ("x-request-id", "r")]
    for sent in harness.by_http(headers).values():
        sent = dict(sent)
        assert {name for name in sent if name in CONTEXT} == names
        assert sent["x-request-id"] == "r"
        span = sent.get("x-b3-spanid") or SPAN
        if mode == "forward":
            assert span == SPAN
        if "uber-trace-id" in names and "b3" in names:
            assert sent["b3"] == f"{TRACE}-{span}-1"
            assert sent["uber-trace-id"] == f"{TRACE}:{span}:0:1"
            assert sent["traceparent"] == f"00-{TRACE}-{span}-01"
        if mode == "forward" and names == {"uber-trace-id", "baggage"}:
            assert sent["uber-trace-id"] == f"{TRACE}:{SPAN}:0:1"


def test_every_format_is_read_whatever_is_sent(machine, stand_in, recorder):
    harness = Harness(machine, recorder, stand_in(), OTEL_PROPAGATORS="jaeger")
    for name, value in [("uber-trace-id", f"{TRACE}:{SPAN}:0:1"), ("b3", f"{TRACE}-{SPAN}-1"),
                        *PARENT.items()]:
        for sent in harness.by_http([(name, value)]).values():
            trace, span, parent, flags = dict(sent)["uber-trace-id"].split(":")
            assert (trace, parent, flags) == (TRACE, "0", "1")
            assert span != SPAN


def test_b3_that_nobody_sends_on_is_told_once(machine, stand_in, recorder):
    harness = Harness(machine, recorder, stand_in(), OTEL_PROPAGATORS="tracecontext,baggage")
    harness.by_http([*PARENT.items()])
    assert "OTEL_PROPAGATORS" not in harness.service.output()
    for _ in range(3):
        harness.by_http([("b3", f"{TRACE}-{SPAN}-1")])
    harness.service.wait_line("level=warn .*B3 headers come in, but OTEL_PROPAGATORS has neither "
                              "b3multi nor b3")
    harness.service.stop()
    assert harness.service.output().count("B3 headers come in") == 1


@pytest.mark.parametrize("variables, names", [
    ({"HAL_TRACE_MODE": "off"}, set()),
    ({"HAL_TRACE_MODE": None, "ENABLE_TRACE": "false"}, set()),
    ({"OTEL_SDK_DISABLED": "true"}, {"traceparent", "baggage"} | B3),
    ({"OTEL_TRACES_EXPORTER": "none"}, {"traceparent", "baggage"} | B3),
], ids=["off", "ENABLE_TRACE", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"])
def test_less_than_full(machine, stand_in, recorder, variables, names):
    """Off sends the request id alone, forward what came in."""
    mode = "" if "HAL_TRACE_MODE" not in variables else variables.pop("HAL_TRACE_MODE") or ""
    harness = Harness(machine, recorder, stand_in(), HAL_TRACE_MODE=mode, **variables)
    headers = [*PARENT.items(), ("baggage", "k=v"), ("x-request-id", "r")]
    for sent in harness.by_http(headers).values():
        sent = dict(sent)
        assert {name for name in sent if name in CONTEXT} == names
        assert sent["x-request-id"] == "r"
        if names:
            assert sent["traceparent"] == PARENT["traceparent"]
