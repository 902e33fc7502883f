// What decides about traces: OpenTelemetry's variables and the kit's own.
#pragma once

#include <hal/config/config.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hal::app {

/// What is traced, and how contexts travel.
struct TraceVariables {
  std::optional<std::string> trace_mode{};
  std::optional<bool> enable_trace{};
  bool sdk_disabled = false;
  std::string mesh_provider = "auto";
  std::vector<std::string> forward_headers{};
  std::vector<std::string> propagators{};
  std::string sampler{};
  std::string sampler_argument{};
  std::string otel_service_name{};
  std::vector<std::string> resource_attributes{};
  std::size_t attribute_count_limit = 128;
  std::size_t attribute_value_length_limit = 16 * 1024;
  std::size_t event_count_limit = 128;
  std::size_t event_attribute_count_limit = 128;

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(TraceVariables, (),
                      (trace_mode, enable_trace, sdk_disabled, mesh_provider, forward_headers,
                       propagators, sampler, sampler_argument, otel_service_name,
                       resource_attributes, attribute_count_limit, attribute_value_length_limit,
                       event_count_limit, event_attribute_count_limit))

/// Where spans go, and how.
struct ExportVariables {
  std::string traces_exporter{};
  std::optional<std::string> trace_url{};
  std::optional<std::string> otlp_endpoint{};
  std::optional<std::string> otlp_traces_endpoint{};
  std::string otlp_protocol = "http/protobuf";
  std::vector<std::string> otlp_headers{};
  std::chrono::milliseconds otlp_timeout{10'000};
  std::string otlp_compression = "none";
  std::string otlp_certificate{};
  std::string otlp_client_certificate{};
  std::string otlp_client_key{};
  std::optional<std::string> zipkin_endpoint{};
  std::chrono::milliseconds zipkin_timeout{10'000};
  std::chrono::milliseconds schedule_delay{5'000};
  std::chrono::milliseconds export_timeout{30'000};
  std::size_t max_queue_size = 32'768;
  std::size_t max_queue_bytes = 32 * 1024 * 1024;
  std::size_t max_export_batch_size = 512;

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(ExportVariables, (),
                      (traces_exporter, trace_url, otlp_endpoint, otlp_traces_endpoint,
                       otlp_protocol, otlp_headers, otlp_timeout, otlp_compression,
                       otlp_certificate, otlp_client_certificate, otlp_client_key, zipkin_endpoint,
                       zipkin_timeout, schedule_delay, export_timeout, max_queue_size,
                       max_queue_bytes, max_export_batch_size))

}  // namespace hal::app
