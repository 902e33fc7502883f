#include <hal/app/trace_options.hpp>

#include <hal/wire/url.hpp>

namespace hal::app {

void TraceVariables::describe(config::Fields& fields) {
  fields["trace_mode"].variable("HAL_TRACE_MODE").help("full, forward or off");
  fields["enable_trace"]
      .variable("ENABLE_TRACE")
      .help("false: x-request-id only, as HAL_TRACE_MODE=off");
  fields["sdk_disabled"].variable("OTEL_SDK_DISABLED").help("true: contexts are passed on only");
  fields["mesh_provider"]
      .variable("HAL_MESH_PROVIDER")
      .help("auto, zipkin or w3c: the headers that the sidecar writes");
  fields["forward_headers"]
      .variable("HAL_FORWARD_HEADERS")
      .help("further headers to pass on, as authorization,x-tenant");
  fields["propagators"]
      .variable("OTEL_PROPAGATORS")
      .help("what is sent: tracecontext, baggage, b3multi, b3, jaeger, or none; all are read");
  fields["sampler"]
      .variable("OTEL_TRACES_SAMPLER")
      .help("always_on, always_off or traceidratio, each with parentbased_ before it or not");
  fields["sampler_argument"]
      .variable("OTEL_TRACES_SAMPLER_ARG")
      .flag("sampler-arg")
      .help("of traceidratio, 0 to 1");
  fields["otel_service_name"]
      .variable("OTEL_SERVICE_NAME")
      .flag("otel-service-name")
      .help("name in spans; unset: service.name of the attributes, else SERVICE_NAME");
  fields["resource_attributes"].variable("OTEL_RESOURCE_ATTRIBUTES").help("key=value,...");
  fields["attribute_count_limit"]
      .variable("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")
      .alias("OTEL_ATTRIBUTE_COUNT_LIMIT")
      .range(0U, 100'000U)
      .help("of one span; more are counted only");
  fields["attribute_value_length_limit"]
      .variable("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")
      .alias("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
      .range(0U, 1024U * 1024)
      .help("bytes of a text; longer ones are cut");
  fields["event_count_limit"].variable("OTEL_SPAN_EVENT_COUNT_LIMIT").range(0U, 100'000U);
  fields["event_attribute_count_limit"]
      .variable("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT")
      .alias("OTEL_ATTRIBUTE_COUNT_LIMIT")
      .range(0U, 100'000U);
}

namespace {

/// URLs, which may hold secrets.
void describe_endpoints(config::Fields& fields) {
  fields["traces_exporter"]
      .variable("OTEL_TRACES_EXPORTER")
      .help("otlp, zipkin or none; unset: whichever has an endpoint");
  fields["trace_url"]
      .variable("TRACE_URL")
      .shown_as(wire::shown_url)
      .help("OTLP or, with port 9411 or path /api/v2/spans, Zipkin endpoint");
  fields["otlp_endpoint"]
      .variable("OTEL_EXPORTER_OTLP_ENDPOINT")
      .shown_as(wire::shown_url)
      .help("base; /v1/traces is added");
  fields["otlp_traces_endpoint"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
      .shown_as(wire::shown_url)
      .help("as it is");
  fields["zipkin_endpoint"]
      .variable("OTEL_EXPORTER_ZIPKIN_ENDPOINT")
      .shown_as(wire::shown_url)
      .help("Zipkin v2 endpoint");
}

}  // namespace

void ExportVariables::describe(config::Fields& fields) {
  describe_endpoints(fields);
  fields["otlp_protocol"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
      .alias("OTEL_EXPORTER_OTLP_PROTOCOL")
      .help("http/protobuf or grpc");
  fields["otlp_headers"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS")
      .alias("OTEL_EXPORTER_OTLP_HEADERS")
      .secret()
      .help("name=value,... with each request, values percent-encoded");
  fields["otlp_timeout"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
      .alias("OTEL_EXPORTER_OTLP_TIMEOUT")
      .range(std::chrono::milliseconds{1}, std::chrono::hours{1})
      .help("of one batch, its retries included");
  fields["otlp_compression"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION")
      .alias("OTEL_EXPORTER_OTLP_COMPRESSION")
      .help("gzip or none");
  fields["otlp_certificate"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")
      .alias("OTEL_EXPORTER_OTLP_CERTIFICATE")
      .help("PEM file: the CAs to trust instead of the system's");
  fields["otlp_client_certificate"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE")
      .alias("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
      .help("PEM file: what the collector is shown");
  fields["otlp_client_key"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY")
      .alias("OTEL_EXPORTER_OTLP_CLIENT_KEY")
      .help("PEM file: its private key");
  fields["zipkin_timeout"]
      .variable("OTEL_EXPORTER_ZIPKIN_TIMEOUT")
      .range(std::chrono::milliseconds{1}, std::chrono::hours{1})
      .help("as the one of OTLP");
  fields["schedule_delay"]
      .variable("OTEL_BSP_SCHEDULE_DELAY")
      .range(std::chrono::milliseconds{1}, std::chrono::hours{1})
      .help("how long a span waits for its batch to fill");
  fields["export_timeout"]
      .variable("OTEL_BSP_EXPORT_TIMEOUT")
      .range(std::chrono::milliseconds{1}, std::chrono::hours{1})
      .help("of one batch, if it is shorter than the exporter's own");
  fields["max_queue_size"]
      .variable("OTEL_BSP_MAX_QUEUE_SIZE")
      .range(1U, 10'000'000U)
      .help("spans of a worker that wait; more are dropped");
  fields["max_queue_bytes"]
      .variable("HAL_TRACE_QUEUE_BYTES")
      .range(std::size_t{64} * 1024, std::size_t{16} * 1024 * 1024 * 1024)
      .help("bytes of these spans; more are dropped");
  fields["max_export_batch_size"]
      .variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
      .range(1U, 100'000U)
      .help("spans of one request");
}

}  // namespace hal::app
