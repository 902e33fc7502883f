// Trace set-up: from variables to what tracers, layers and the exporter need.
#pragma once

#include <hal/app/export_setup.hpp>
#include <hal/app/trace_options.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/telemetry/mode.hpp>
#include <hal/telemetry/sampler.hpp>
#include <hal/telemetry/tracer.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hal::app {

struct TraceSetup {
  telemetry::ModeChoice mode{};
  telemetry::Sampler sampler{};
  layers::TraceOptions layers{};
  telemetry::SpanLimits limits{};
  ExportSetup exporting{};  ///< without an endpoint when nothing is exported
  std::string service_name{};
  /// service.name first.
  std::vector<std::pair<std::string, std::string>> resource{};
};

/// `service_name`: SERVICE_NAME or the program's name. `local_collector`: the OTLP/HTTP base URL
/// of a collector in the local registry, or empty. kInvalidArgument names variable, value and rule.
/// The name is OTEL_SERVICE_NAME, else service.name of OTEL_RESOURCE_ATTRIBUTES, else
/// `service_name`.
[[nodiscard]] Result<TraceSetup> set_up_traces(const TraceVariables& variables,
                                               const ExportVariables& exports,
                                               std::string_view service_name,
                                               std::string_view local_collector);

}  // namespace hal::app
