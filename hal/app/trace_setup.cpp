#include <hal/app/trace_setup.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/percent.hpp>
#include <hal/wire/url.hpp>

namespace hal::app {
namespace {

std::unexpected<Status> refused(std::string_view variable, std::string_view value,
                                std::string_view rule) {
  return error(Code::kInvalidArgument, fmt::format("{}='{}': {}", variable, value, rule));
}

struct Endpoint {
  std::string variable{};
  std::string url{};
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// The original's variable: an OTLP endpoint, or a Zipkin one, told apart by path and port.
Result<std::string> from_trace_url(const std::string& text) {
  const auto url = wire::parse_url(text);
  if (!url) return refused("TRACE_URL", text, url.error().message());
  if (url->path.starts_with("/api/v") || url->port == 9411) {
    return refused("TRACE_URL", text,
                   "this is a Zipkin endpoint, spans are exported by OTLP/HTTP: give "
                   "http://host:4318");
  }
  return url->path == "/" || url->path.empty() ? without_slash(text) + "/v1/traces" : text;
}

/// The signal's own variable as it is, else the base with the signal's path (exporter.md).
Result<Endpoint> choose_endpoint(const TraceVariables& variables) {
  Endpoint endpoint;
  if (variables.otlp_traces_endpoint) {
    endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", *variables.otlp_traces_endpoint};
  } else if (variables.otlp_endpoint) {
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT",
                without_slash(*variables.otlp_endpoint) + "/v1/traces"};
  } else if (variables.trace_url) {
    auto url = from_trace_url(*variables.trace_url);
    if (!url) return error(std::move(url.error()));
    return Endpoint{"TRACE_URL", std::move(*url)};
  } else {
    return endpoint;
  }
  if (auto url = wire::parse_url(endpoint.url); !url) {
    return refused(endpoint.variable, endpoint.url, url.error().message());
  }
  return endpoint;
}

Result<> set_propagators(const TraceVariables& variables, wire::InjectOptions& inject) {
  if (variables.propagators.empty()) return {};
  inject = {.b3_multi = false, .trace_context = false, .baggage = false};
  for (const auto& propagator : variables.propagators) {
    if (propagator == "tracecontext") {
      inject.trace_context = true;
    } else if (propagator == "baggage") {
      inject.baggage = true;
    } else if (propagator == "b3multi") {
      inject.b3_multi = true;
    } else if (propagator != "none") {
      return refused("OTEL_PROPAGATORS", propagator,
                     "allowed is a list of tracecontext, baggage, b3multi, or none");
    }
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

Result<> set_compression(const TraceVariables& variables, exporter::Compression& compression) {
  const std::string& name = variables.otlp_compression;
  if (name == "gzip") {
    compression = exporter::Compression::kGzip;
  } else if (!name.empty() && name != "none") {
    return refused("OTEL_EXPORTER_OTLP_COMPRESSION", name, "allowed is one of gzip, none");
  }
  return {};
}

Result<std::string> read_pem(std::string_view variable, const std::string& file) {
  auto text = net::read_pem_file(file);
  if (!text) return refused(variable, file, text.error().message());
  return text;
}

/// Files of the exporter's TLS (exporter.md); a wrong one is told at start, not by the first span.
Result<> set_tls(const TraceVariables& variables, net::TlsClientOptions& tls) {
  constexpr std::string_view kCa = "OTEL_EXPORTER_OTLP_CERTIFICATE";
  constexpr std::string_view kCertificate = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
  constexpr std::string_view kKey = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
  const std::string& certificate = variables.otlp_client_certificate;
  const std::string& key = variables.otlp_client_key;
  if (certificate.empty() != key.empty()) {
    return certificate.empty()
               ? refused(kKey, key, fmt::format("{} is missing", kCertificate))
               : refused(kCertificate, certificate, fmt::format("{} is missing", kKey));
  }
  if (!variables.otlp_certificate.empty()) {
    auto pem = read_pem(kCa, variables.otlp_certificate);
    if (!pem) return error(pem.error());
    tls.ca_pem = std::move(*pem);
    if (auto made = net::TlsClient::make(tls); !made) {
      return refused(kCa, variables.otlp_certificate, made.error().message());
    }
  }
  if (certificate.empty()) return {};
  auto own = read_pem(kCertificate, certificate);
  if (!own) return error(own.error());
  auto own_key = read_pem(kKey, key);
  if (!own_key) return error(own_key.error());
  tls.identity = {std::move(*own), std::move(*own_key)};
  if (auto made = net::TlsClient::make(tls); !made) {
    return refused(kCertificate, certificate, made.error().message());
  }
  return {};
}

Result<telemetry::ModeInputs> mode_inputs(const TraceVariables& variables) {
  telemetry::ModeInputs inputs{.enable_trace = variables.enable_trace,
                               .sdk_disabled = variables.sdk_disabled,
                               .exporter_none = variables.traces_exporter == "none"};
  if (variables.trace_mode) {
    auto mode = telemetry::parse_mode(*variables.trace_mode);
    if (!mode) return refused("HAL_TRACE_MODE", *variables.trace_mode, mode.error().message());
    inputs.explicit_mode = *mode;
  }
  if (!variables.traces_exporter.empty() && variables.traces_exporter != "none" &&
      variables.traces_exporter != "otlp") {
    return refused("OTEL_TRACES_EXPORTER", variables.traces_exporter,
                   "allowed is one of otlp, none");
  }
  return inputs;
}

}  // namespace

Result<TraceSetup> set_up_traces(const TraceVariables& variables, std::string_view service_name,
                                 std::string_view local_collector) {
  TraceSetup setup;
  auto inputs = mode_inputs(variables);
  if (!inputs) return error(std::move(inputs.error()));
  auto endpoint = choose_endpoint(variables);
  if (!endpoint) return error(std::move(endpoint.error()));
  inputs->endpoint_variable = endpoint->variable;
  inputs->local_collector = !local_collector.empty();
  setup.endpoint = std::move(endpoint->url);
  if (setup.endpoint.empty() && !local_collector.empty()) {
    setup.endpoint = fmt::format("{}/v1/traces", local_collector);
  }
  setup.mode = telemetry::choose_mode(*inputs);
  if (setup.mode.mode != telemetry::Mode::kFull || inputs->exporter_none) setup.endpoint.clear();
  if (auto set = set_compression(variables, setup.post.compression); !set) {
    return error(set.error());
  }
  if (!setup.endpoint.empty()) {
    if (auto set = set_tls(variables, setup.post.tls); !set) return error(set.error());
  }
  auto sampler = telemetry::Sampler::parse(variables.sampler, variables.sampler_argument);
  if (!sampler) return error(std::move(sampler.error()));
  setup.sampler = *sampler;
  for (auto& step : {set_propagators(variables, setup.layers.inject),
                     set_extraction(variables, setup.layers.extract),
                     set_resource(variables, service_name, setup)}) {
    if (!step) return error(step.error());
  }
  return setup;
}

}  // namespace hal::app
