// Options every service has, whatever it does.
#pragma once

#include <hal/config/config.hpp>
#include <hal/config/port.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hal::app {

/// Where further options are.
struct FileOptions {
  std::string config{};  ///< a YAML file, see config::File; empty: none

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(FileOptions, (), (config))

struct AppOptions {
  std::string service_name{};  ///< empty: the program's own name
  std::string service_host{};  ///< empty: all addresses
  config::Port service_port{8080};
  std::optional<config::Port> admin_port{};  ///< unset: choose_admin_port()
  unsigned workers = 0;                      ///< 0: by processors and cgroup quota
  std::string log_level = "info";
  std::string log_format = "text";
  std::chrono::milliseconds drain_timeout{25'000};
  std::optional<std::chrono::milliseconds> drain_grace{};  ///< unset: 5 s in a pod, else 0 s

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(AppOptions, (),
                      (service_name, service_host, service_port, admin_port, workers, log_level,
                       log_format, drain_timeout, drain_grace))

/// What decides about traces: OpenTelemetry's variables and the kit's own.
struct TraceVariables {
  std::optional<std::string> trace_mode{};
  std::optional<bool> enable_trace{};
  std::optional<std::string> trace_url{};
  std::string mesh_provider = "auto";
  std::vector<std::string> forward_headers{};
  std::vector<std::string> propagators{};
  bool sdk_disabled = false;
  std::string traces_exporter{};
  std::string sampler{};
  std::string sampler_argument{};
  std::optional<std::string> otlp_endpoint{};
  std::optional<std::string> otlp_traces_endpoint{};
  std::string otlp_compression{};
  std::string otlp_certificate{};
  std::string otlp_client_certificate{};
  std::string otlp_client_key{};
  std::string otel_service_name{};
  std::vector<std::string> resource_attributes{};
  std::chrono::milliseconds schedule_delay{5'000};
  std::chrono::milliseconds export_timeout{10'000};
  std::size_t max_queue_size = 32'768;
  std::size_t max_export_batch_size = 512;

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(TraceVariables, (),
                      (trace_mode, enable_trace, trace_url, mesh_provider, forward_headers,
                       propagators, sdk_disabled, traces_exporter, sampler, sampler_argument,
                       otlp_endpoint, otlp_traces_endpoint, otlp_compression, otlp_certificate,
                       otlp_client_certificate, otlp_client_key, otel_service_name,
                       resource_attributes, schedule_delay, export_timeout, max_queue_size,
                       max_export_batch_size))

}  // namespace hal::app
