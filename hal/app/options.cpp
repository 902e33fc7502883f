#include <hal/app/options.hpp>

namespace hal::app {

void FileOptions::describe(config::Fields& fields) {
  fields["config"].variable("HAL_CONFIG").help("YAML file of options, read again on SIGHUP");
}

void AppOptions::describe(config::Fields& fields) {
  fields["service_name"].help("name in spans, logs and the registry");
  fields["service_host"].help("address to listen on; empty: all");
  fields["service_port"].help("port to listen on; 0: any free one");
  fields["admin_port"]
      .variable("HAL_ADMIN_PORT")
      .help("/livez /readyz /metrics; 0: any free one; unset: 8081, if it is free");
  fields["workers"].variable("HAL_WORKERS").range(0U, 64U).help("event loops; 0: one per core");
  fields["log_level"].variable("HAL_LOG_LEVEL").help("debug, info, warn, error or off");
  fields["log_format"].variable("HAL_LOG_FORMAT").help("text or json");
  fields["drain_timeout"]
      .variable("HAL_DRAIN_TIMEOUT")
      .range(std::chrono::seconds{0}, std::chrono::hours{1})
      .help("how long requests under way may take after SIGTERM");
  fields["drain_grace"]
      .variable("HAL_DRAIN_GRACE")
      .range(std::chrono::seconds{0}, std::chrono::hours{1})
      .help("how long to go on serving after SIGTERM, while callers learn of it");
}

void TraceVariables::describe(config::Fields& fields) {
  fields["trace_mode"].variable("HAL_TRACE_MODE").help("full, forward or off");
  fields["enable_trace"]
      .variable("ENABLE_TRACE")
      .help("false: x-request-id only, as HAL_TRACE_MODE=off");
  fields["trace_url"].variable("TRACE_URL").help("OTLP/HTTP endpoint");
  fields["mesh_provider"].variable("HAL_MESH_PROVIDER").help("auto, zipkin or w3c");
  fields["forward_headers"].variable("HAL_FORWARD_HEADERS").help("further headers to pass on");
  fields["propagators"].variable("OTEL_PROPAGATORS").help("tracecontext, baggage, b3multi, none");
  fields["sdk_disabled"].variable("OTEL_SDK_DISABLED");
  fields["traces_exporter"].variable("OTEL_TRACES_EXPORTER").help("otlp or none");
  fields["sampler"].variable("OTEL_TRACES_SAMPLER");
  fields["sampler_argument"].variable("OTEL_TRACES_SAMPLER_ARG").flag("sampler-arg");
  fields["otlp_endpoint"].variable("OTEL_EXPORTER_OTLP_ENDPOINT").help("base; /v1/traces is added");
  fields["otlp_traces_endpoint"].variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").help("as it is");
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
  fields["otel_service_name"].variable("OTEL_SERVICE_NAME").flag("otel-service-name");
  fields["resource_attributes"].variable("OTEL_RESOURCE_ATTRIBUTES").help("key=value,...");
  fields["schedule_delay"]
      .variable("OTEL_BSP_SCHEDULE_DELAY")
      .range(std::chrono::milliseconds{1}, std::chrono::hours{1});
  fields["export_timeout"]
      .variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
      .alias("OTEL_EXPORTER_OTLP_TIMEOUT")
      .range(std::chrono::milliseconds{1}, std::chrono::hours{1});
  fields["max_queue_size"].variable("OTEL_BSP_MAX_QUEUE_SIZE").range(1U, 10'000'000U);
  fields["max_export_batch_size"].variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE").range(1U, 100'000U);
}

}  // namespace hal::app
