"""The collector as others' programs see it: OpenTelemetry's exporters, grpcio, plain requests."""

import base64
import gzip
import json
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf import json_format
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from support import CAP, http, registry, rpc
from support.traces import problems

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
JSON = {"content-type": "application/json"}
PROTOBUF = {"content-type": "application/x-protobuf"}


@dataclass
class Ports:
    """Where the collector listens."""

    otlp: str
    otlp_grpc: str
    zipkin: str


def ports_of(collector):
    metadata = collector.node.metadata
    return Ports(metadata["otlp"].removeprefix("http://"), metadata["otlp_grpc"],
                 metadata["zipkin"].removeprefix("http://"))


@pytest.fixture(scope="module")
def collector(shared_machine):
    return shared_machine.collector()


@pytest.fixture(scope="module")
def ports(collector):
    return ports_of(collector)


EXPORTERS = {
    "OTLP/HTTP": lambda ports, **more: HttpExporter(
        endpoint=f"http://{ports.otlp}/v1/traces", timeout=CAP, **more),
    "OTLP/gRPC": lambda ports, **more: GrpcExporter(
        endpoint=ports.otlp_grpc, insecure=True, timeout=CAP, **more),
    "Zipkin": lambda ports, **more: ZipkinExporter(
        endpoint=f"http://{ports.zipkin}/api/v2/spans", timeout=CAP, **more),
}
COMPRESSED = {"OTLP/HTTP": {"compression": Compression.Gzip},
              "OTLP/gRPC": {"compression": grpc.Compression.Gzip}}


def export_a_tree(exporter):
    """A server's span and a call that fails below it; their trace id."""
    provider = TracerProvider(resource=Resource.create({"service.name": "python"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test", "1.0")
    with tracer.start_as_current_span("serve", kind=trace.SpanKind.SERVER) as server:
        server.set_attributes({"text": "é" * 400, "yes": True, "number": 7, "ratio": 0.5,
                               "list": ["a", "b"]})
        with tracer.start_as_current_span("call", kind=trace.SpanKind.CLIENT) as client:
            client.add_event("retry", {"attempt": 2})
            client.set_status(trace.StatusCode.ERROR, "no route")
    provider.shutdown()
    return format(server.get_span_context().trace_id, "032x")


@pytest.mark.parametrize("name, options", [
    *((name, {}) for name in EXPORTERS), *COMPRESSED.items()],
    ids=[*EXPORTERS, *(f"{name}, gzip" for name in COMPRESSED)])
def test_an_exporter_of_opentelemetry(collector, ports, name, options):
    trace_id = export_a_tree(EXPORTERS[name](ports, **options))
    spans = collector.traces.trace(trace_id)
    assert not problems(spans, [("python", "client"), ("python", "server")]), spans
    server, client = sorted(spans, key=lambda span: span.parent_id)
    assert client.parent_id == server.id
    assert (server.name, client.name) == ("serve", "call")
    # Zipkin's tags are texts.
    assert {key: str(server.tags[key]).lower() for key in ("yes", "number", "ratio")} == {
        "yes": "true", "number": "7", "ratio": "0.5"}
    assert client.tags["otel.status_code"] == "ERROR" and client.tags["error"] is True
    assert client.tags["otel.status_description"] == "no route"
    if name != "Zipkin":  # its exporter cuts texts
        assert server.tags["text"] == "é" * 400
        assert json.loads(server.tags["list"]) == ["a", "b"]
    document = collector.traces.get(f"/api/traces/{trace_id}").json()["data"][0]
    logs = [log for span in document["spans"] for log in span["logs"]]
    assert len(logs) == 1 and "retry" in json.dumps(logs)


def request_of(trace_id, service="peer"):
    """A root, and a call below it, as OTLP."""
    request = trace_service_pb2.ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    attribute = resource.resource.attributes.add()
    attribute.key, attribute.value.string_value = "service.name", service
    spans = resource.scope_spans.add().spans
    for number, parent, kind in ((1, b"", 2), (2, bytes(7) + b"\x01", 3)):
        span = spans.add(trace_id=bytes.fromhex(trace_id), span_id=bytes(7) + bytes([number]),
                         parent_span_id=parent, kind=kind, name=f"work {number}",
                         start_time_unix_nano=1_700_000_000_000_000_000 + number * 1000,
                         end_time_unix_nano=1_700_000_000_000_500_000)
        tag = span.attributes.add()
        tag.key, tag.value.string_value = "tag", "a \"quoted\" é\n"
    return request


def otlp_json(request):
    """As OTLP writes it: ids in hexadecimal digits."""
    document = json_format.MessageToDict(request)
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in span:
                span[key] = base64.b64decode(span[key]).hex()
    return json.dumps(document).encode()


def zipkin_json(request):
    kinds = {2: "SERVER", 3: "CLIENT"}
    resource = request.resource_spans[0]
    service = resource.resource.attributes[0].value.string_value
    spans = [{"traceId": span.trace_id.hex(), "id": span.span_id.hex(),
              **({"parentId": span.parent_span_id.hex()} if span.parent_span_id else {}),
              "kind": kinds[span.kind], "name": span.name,
              "timestamp": span.start_time_unix_nano // 1000,
              "duration": (span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
              "localEndpoint": {"serviceName": service},
              "tags": {tag.key: tag.value.string_value for tag in span.attributes}}
             for span in resource.scope_spans[0].spans]
    return json.dumps(spans).encode()


def export_by_grpc(ports, request, **options):
    with rpc.channel(ports.otlp_grpc) as channel:
        stub = trace_service_pb2_grpc.TraceServiceStub(channel)
        return stub.Export(request, timeout=CAP, **options)


def test_the_same_spans_in_every_form_are_the_same_trace(collector, ports):
    forms = {}
    for number, send in enumerate((
            lambda r: http.post(ports.otlp, "/v1/traces", r.SerializeToString(), PROTOBUF),
            lambda r: http.post(ports.otlp, "/v1/traces", otlp_json(r), JSON),
            lambda r: export_by_grpc(ports, r),
            lambda r: http.post(ports.zipkin, "/api/v2/spans", zipkin_json(r), JSON)), 1):
        trace_id = f"{number:032x}"
        send(request_of(trace_id))
        answer = collector.traces.get(f"/api/traces/{trace_id}")
        assert answer.status == 200, (number, answer.text)
        forms[number] = answer.text.replace(trace_id, "ID")
    assert len(set(forms.values())) == 1, forms


def test_answers_are_in_the_form_of_the_request(ports):
    request = request_of(TRACE)
    taken = http.post(ports.otlp, "/v1/traces", request.SerializeToString(), PROTOBUF)
    assert (taken.status, taken.header("content-type"), taken.body) == (
        200, "application/x-protobuf", b"")
    taken = http.post(ports.otlp, "/v1/traces", otlp_json(request), JSON)
    assert (taken.status, taken.header("content-type"), taken.json()) == (
        200, "application/json", {})
    taken = http.post(ports.zipkin, "/api/v2/spans", zipkin_json(request), JSON)
    assert (taken.status, taken.body) == (202, b"")
    assert export_by_grpc(ports, request) == trace_service_pb2.ExportTraceServiceResponse()


def test_bad_input_is_told_where(ports):
    refused = http.post(ports.otlp, "/v1/traces", b'{"resourceSpans":[\n{"scopeSpans":7}]}', JSON)
    assert refused.status == 400
    assert refused.json() == {"code": 3, "message": "$.resourceSpans[0].scopeSpans: expected "
                              "array, got number 7 (line 2, column 15)"}
    refused = http.post(ports.zipkin, "/api/v2/spans", b'[{"traceId":"1","id":"x"}]', JSON)
    assert (refused.status, refused.text) == (
        400, '$[0].id: expected string of hexadecimal digits, got "x" (line 1, column 22)')
    refused = http.post(ports.otlp, "/v1/traces", b"\xff", PROTOBUF)
    assert refused.status == 400 and b"ExportTraceServiceRequest" in refused.body
    request = request_of(TRACE)
    request.resource_spans[0].scope_spans[0].spans[1].span_id = b"short"
    with pytest.raises(grpc.RpcError) as failure:
        export_by_grpc(ports, request)
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "spans[1]: span_id has 5 bytes, must have 8" in failure.value.details()


@pytest.mark.parametrize("where", ["otlp", "zipkin"])
def test_gzip_bodies(collector, ports, where):
    trace_id = "ab" * 16 if where == "otlp" else "cd" * 16
    request = request_of(trace_id)
    path, body = (("/v1/traces", otlp_json(request)) if where == "otlp" else
                  ("/api/v2/spans", zipkin_json(request)))
    headers = {**JSON, "content-encoding": "gzip"}
    assert http.post(getattr(ports, where), path, gzip.compress(body), headers).status in (200, 202)
    assert len(collector.traces.trace(trace_id)) == 2
    assert http.post(getattr(ports, where), path, body, headers).status == 400


def test_zipkins_shared_span_ids_make_one_tree(collector, ports):
    trace_id = "ef" * 16
    halves = [{"traceId": trace_id, "id": "0b", "kind": "CLIENT", "timestamp": 1000, "duration": 90,
               "name": "call", "localEndpoint": {"serviceName": "api"}},
              {"traceId": trace_id, "id": "0b", "kind": "SERVER", "timestamp": 1010, "duration": 70,
               "name": "serve", "localEndpoint": {"serviceName": "greeter"}, "shared": True},
              {"traceId": trace_id, "id": "0c", "parentId": "0b", "timestamp": 1020, "duration": 5,
               "name": "work", "localEndpoint": {"serviceName": "greeter"}}]
    for half in reversed(halves):  # in any order, one by one
        assert http.post(ports.zipkin, "/api/v2/spans", json.dumps([half]).encode(),
                         JSON).status == 202
    spans = collector.traces.trace(trace_id)
    assert not problems(spans, [("api", "client"), ("greeter", "internal"),
                                ("greeter", "server")]), spans
    by_name = {span.name: span for span in spans}
    assert by_name["serve"].parent_id == by_name["call"].id
    assert by_name["work"].parent_id == by_name["serve"].id


def test_a_trace_is_found_by_its_id_in_any_form(collector, ports):
    short = "a3ce929d0e0e4736"
    body = json.dumps([{"traceId": short, "id": "1"}]).encode()
    assert http.post(ports.zipkin, "/api/v2/spans", body, JSON).status == 202
    for form in (short, short.upper(), "0" * 16 + short, ("0" * 16 + short).upper()):
        (span,) = collector.traces.trace(form)
        assert span.trace_id == "0" * 16 + short
        answer = collector.traces.get(f"/api/traces?traceID={form}").json()
        assert len(answer["data"]) == 1


def test_many_traces_are_kept_and_answered_at_once(machine):
    collector = machine.collector()
    address = ports_of(collector).zipkin
    for batch in range(20):
        spans = [{"traceId": f"{1 + batch * 500 + number:x}", "id": f"{level:x}",
                  "parentId": f"{level - 1:x}", "timestamp": 1_000_000 + batch}
                 for number in range(500) for level in range(1, 9)]
        assert http.post(address, "/api/v2/spans", json.dumps(spans).encode(), JSON).status == 202
    traces = collector.traces.traces(limit=100_000)
    assert len(traces) == 10_000
    assert all(len(spans) == 8 for spans in traces)
    assert len({spans[0].trace_id for spans in traces}) == 10_000


def test_what_came_in_is_counted(machine):
    collector = machine.collector()
    ports = ports_of(collector)
    http.post(ports.otlp, "/v1/traces", otlp_json(request_of(TRACE)), JSON)
    http.post(ports.otlp, "/v1/traces", b"{", JSON)
    http.post(ports.zipkin, "/api/v2/spans", zipkin_json(request_of(TRACE)), JSON)
    export_by_grpc(ports, request_of("01" * 16))
    metrics = collector.admin("/metrics").text
    for line in ('hal_collector_spans_received_total{format="otlp_json"} 2',
                 'hal_collector_spans_received_total{format="zipkin_json"} 2',
                 'hal_collector_spans_received_total{format="otlp_grpc"} 2',
                 'hal_collector_requests_refused_total{format="otlp_json",reason="malformed"} 1',
                 'hal_collector_spans_dropped_total{reason="duplicate"} 2',
                 "hal_collector_spans 4"):
        assert line in metrics.splitlines(), metrics
    assert 'route="/v1/traces",status="400"' in metrics


def test_receivers_can_be_left_out(machine):
    collector = machine.collector(HAL_COLLECTOR_RECEIVERS="zipkin")
    metadata = registry.node_of(machine.folder, collector.pid).metadata
    assert {"zipkin", "query"} <= set(metadata)
    assert not {"otlp", "otlp_grpc"} & set(metadata)


def test_older_traces_leave_when_there_are_too_many(machine):
    collector = machine.collector(HAL_COLLECTOR_SPANS_MAX=3)
    body = json.dumps([{"traceId": f"{number}", "id": "1"} for number in range(1, 6)]).encode()
    assert http.post(ports_of(collector).zipkin, "/api/v2/spans", body, JSON).status == 202
    assert {spans[0].trace_id[-1] for spans in collector.traces.traces()} == {"3", "4", "5"}
