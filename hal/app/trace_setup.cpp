#include <hal/app/trace_setup.hpp>

#include <hal/app/refused.hpp>
#include <hal/base/ascii.hpp>
#include <hal/wire/percent.hpp>

#include <algorithm>
#include <array>

namespace hal::app {
namespace {

Result<> set_propagators(const TraceVariables& variables, wire::InjectOptions& inject) {
  constexpr std::string_view kVariable = "OTEL_PROPAGATORS";
  if (variables.propagators.empty()) return {};
  const std::array<std::pair<std::string_view, bool*>, 5> known{
      {{"tracecontext", &inject.trace_context},
       {"baggage", &inject.baggage},
       {"b3multi", &inject.b3_multi},
       {"b3", &inject.b3_single},
       {"jaeger", &inject.jaeger}}};
  for (const auto& [name, written] : known) *written = false;
  for (const auto& propagator : variables.propagators) {
    if (propagator == "none") {
      if (variables.propagators.size() == 1) continue;
      return refused(kVariable, propagator, "allowed is none alone, or a list without it");
    }
    const auto found = std::ranges::find(known, propagator, [](const auto& e) { return e.first; });
    if (found == known.end()) {
      return refused(kVariable, propagator,
                     "allowed is a list of tracecontext, baggage, b3multi, b3, jaeger, or none");
    }
    *found->second = true;
  }
  return {};
}

Result<> set_extraction(const TraceVariables& variables, wire::ExtractOptions& extract) {
  if (variables.mesh_provider == "zipkin") {
    extract.provider = wire::MeshProvider::kZipkin;
  } else if (variables.mesh_provider == "w3c") {
    extract.provider = wire::MeshProvider::kW3c;
  } else if (variables.mesh_provider != "auto") {
    return refused("HAL_MESH_PROVIDER", variables.mesh_provider,
                   "allowed is one of auto, zipkin, w3c");
  }
  for (const auto& header : variables.forward_headers) {
    if (!wire::may_forward(header)) {
      return refused("HAL_FORWARD_HEADERS", header,
                     "this header belongs to one hop, or to tracing, which passes it on anyway");
    }
    extract.forward_headers.push_back(ascii_lower(header));
  }
  return {};
}

Result<> set_resource(const TraceVariables& variables, std::string_view service_name,
                      TraceSetup& setup) {
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string name;
  for (const auto& attribute : variables.resource_attributes) {
    const auto equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) {
      return refused("OTEL_RESOURCE_ATTRIBUTES", attribute, "allowed is a list of key=value");
    }
    std::string key{ascii_trim(attribute.substr(0, equals))};
    auto value = wire::percent_decode(ascii_trim(std::string_view{attribute}.substr(equals + 1)));
    if (!value) {
      return refused("OTEL_RESOURCE_ATTRIBUTES", attribute, value.error().message());
    }
    if (key == "service.name") {
      name = std::move(*value);
    } else {
      attributes.emplace_back(std::move(key), std::move(*value));
    }
  }
  if (!variables.otel_service_name.empty()) name = variables.otel_service_name;
  if (name.empty()) name = service_name;
  setup.service_name = name;
  setup.resource.emplace_back("service.name", std::move(name));
  std::ranges::move(attributes, std::back_inserter(setup.resource));
  return {};
}

Result<telemetry::ModeInputs> mode_inputs(const TraceVariables& variables) {
  telemetry::ModeInputs inputs{.enable_trace = variables.enable_trace,
                               .sdk_disabled = variables.sdk_disabled};
  if (variables.trace_mode) {
    auto mode = telemetry::parse_mode(*variables.trace_mode);
    if (!mode) return refused("HAL_TRACE_MODE", *variables.trace_mode, mode.error().message());
    inputs.explicit_mode = *mode;
  }
  return inputs;
}

/// Mode and export: each depends on the other.
Result<> set_mode(const TraceVariables& variables, const ExportVariables& exports,
                  std::string_view local_collector, TraceSetup& setup) {
  auto inputs = mode_inputs(variables);
  if (!inputs) return error(std::move(inputs.error()));
  auto exporting = choose_export(exports);
  if (!exporting) return error(std::move(exporting.error()));
  const bool none = exports.traces_exporter == "none";
  // The registry's collector is one of OTLP.
  const bool local = !local_collector.empty() && exports.traces_exporter != "zipkin";
  inputs->exporter_none = none;
  inputs->endpoint_variable = exporting->variable;
  inputs->local_collector = local;
  setup.mode = telemetry::choose_mode(*inputs);
  setup.exporting = std::move(*exporting);
  if (setup.exporting.endpoint.empty() && local) {
    setup.exporting.endpoint = fmt::format("{}/v1/traces", local_collector);
  }
  if (setup.mode.mode != telemetry::Mode::kFull || none) setup.exporting.endpoint.clear();
  if (setup.exporting.endpoint.empty()) return {};
  return read_tls_files(exports, setup.exporting);
}

}  // namespace

Result<TraceSetup> set_up_traces(const TraceVariables& variables, const ExportVariables& exports,
                                 std::string_view service_name, std::string_view local_collector) {
  TraceSetup setup;
  setup.limits = {.attributes_max = variables.attribute_count_limit,
                  .events_max = variables.event_count_limit,
                  .event_attributes_max = variables.event_attribute_count_limit,
                  .value_bytes_max = variables.attribute_value_length_limit};
  auto sampler = telemetry::Sampler::parse(variables.sampler, variables.sampler_argument);
  if (!sampler) return error(std::move(sampler.error()));
  setup.sampler = *sampler;
  for (auto& step : {set_mode(variables, exports, local_collector, setup),
                     set_propagators(variables, setup.layers.inject),
                     set_extraction(variables, setup.layers.extract),
                     set_resource(variables, service_name, setup)}) {
    if (!step) return error(step.error());
  }
  return setup;
}

}  // namespace hal::app
