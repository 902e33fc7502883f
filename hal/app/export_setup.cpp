#include <hal/app/export_setup.hpp>

#include <hal/app/refused.hpp>
#include <hal/base/ascii.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/wire/field.hpp>
#include <hal/wire/percent.hpp>
#include <hal/wire/url.hpp>

namespace hal::app {
namespace {

constexpr std::string_view kOtlpPath = "/v1/traces";
constexpr std::string_view kZipkinPath = "/api/v2/spans";
constexpr std::string_view kOldZipkinPath = "/api/v1/spans";
constexpr std::uint16_t kZipkinPort = 9411;

std::unexpected<Status> refused_url(std::string_view variable, std::string_view url,
                                    std::string_view rule) {
  return refused(variable, wire::shown_url(url), rule);
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// The URL with this path if it has none.
std::string with_path(const std::string& text, const wire::Url& url, std::string_view path) {
  return url.path == "/" ? without_slash(text).append(path) : text;
}

bool is_zipkin(const wire::Url& url) {
  if (url.path.ends_with(kZipkinPath) || url.path.ends_with(kOldZipkinPath)) return true;
  return url.port == kZipkinPort && !url.path.ends_with(kOtlpPath);
}

/// The original's variable, for either protocol.
Result<ExportSetup> from_trace_url(const std::string& text, ExportProtocol otlp) {
  ExportSetup setup{.protocol = otlp, .variable = "TRACE_URL"};
  const auto url = wire::parse_url(text);
  if (!url) return refused_url(setup.variable, text, url.error().message());
  if (!is_zipkin(*url)) {
    setup.endpoint =
        otlp == ExportProtocol::kOtlpHttp ? with_path(text, *url, kOtlpPath) : without_slash(text);
    return setup;
  }
  setup.protocol = ExportProtocol::kZipkin;
  setup.endpoint = with_path(text, *url, kZipkinPath);
  if (url->path.ends_with(kOldZipkinPath)) {
    setup.endpoint.replace(setup.endpoint.rfind(kOldZipkinPath), kOldZipkinPath.size(),
                           kZipkinPath);
    setup.warning = fmt::format("TRACE_URL='{}' is Zipkin's v1 endpoint: spans go as v2 to {}",
                                wire::shown_url(text), wire::shown_url(setup.endpoint));
  }
  return setup;
}

Result<ExportProtocol> otlp_protocol(const ExportVariables& variables) {
  if (variables.otlp_protocol == "http/protobuf") return ExportProtocol::kOtlpHttp;
  if (variables.otlp_protocol == "grpc") return ExportProtocol::kOtlpGrpc;
  return refused("OTEL_EXPORTER_OTLP_PROTOCOL", variables.otlp_protocol,
                 "allowed is one of http/protobuf, grpc");
}

/// An endpoint of OTLP's own variables, or none: the signal's as it is, else the base with the
/// signal's path (exporter.md).
ExportSetup from_otlp(const ExportVariables& variables, ExportProtocol protocol) {
  if (variables.otlp_traces_endpoint) {
    return {.protocol = protocol,
            .endpoint = *variables.otlp_traces_endpoint,
            .variable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"};
  }
  if (!variables.otlp_endpoint) return {};
  const bool http = protocol == ExportProtocol::kOtlpHttp;
  return {.protocol = protocol,
          .endpoint = without_slash(*variables.otlp_endpoint).append(http ? kOtlpPath : ""),
          .variable = "OTEL_EXPORTER_OTLP_ENDPOINT"};
}

ExportSetup from_zipkin(const std::string& text) {
  const auto url = wire::parse_url(text);
  return {.protocol = ExportProtocol::kZipkin,
          .endpoint = url ? with_path(text, *url, kZipkinPath) : text,
          .variable = "OTEL_EXPORTER_ZIPKIN_ENDPOINT"};
}

Result<> check_endpoint(const ExportSetup& setup) {
  const auto url = wire::parse_url(setup.endpoint);
  if (!url) return refused_url(setup.variable, setup.endpoint, url.error().message());
  if (setup.protocol != ExportProtocol::kOtlpGrpc) return {};
  if (url->path != "/" || !url->query.empty()) {
    return refused_url(setup.variable, setup.endpoint,
                       "an endpoint of OTLP over gRPC has no path: allowed is http://host:port, "
                       "https://host:port");
  }
  return {};
}

/// W3C Baggage without properties (exporter.md): values are percent-encoded. They may be tokens: a
/// message names the entry by its number.
Result<> set_headers(const ExportVariables& variables, ExportSetup& setup) {
  std::size_t number = 0;
  for (const auto& entry : variables.otlp_headers) {
    ++number;
    const auto wrong = [&](std::string_view rule) {
      return refused("OTEL_EXPORTER_OTLP_HEADERS", "***", fmt::format("entry {} {}", number, rule));
    };
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) return wrong("has no '=': allowed is a list of name=value");
    const std::string key = ascii_lower(ascii_trim(std::string_view{entry}.substr(0, equals)));
    if (!wire::valid_token(key)) return wrong("has a name that is no header's");
    const auto value = wire::percent_decode(ascii_trim(std::string_view{entry}.substr(equals + 1)));
    if (!value || !wire::valid_field_value(*value)) return wrong("has a value that is no header's");
    if (setup.protocol != ExportProtocol::kOtlpGrpc) {
      setup.headers.add(key, *value);
    } else if (!rpc::add_metadata(key, *value, setup.headers)) {
      return wrong("is nothing that gRPC sends as metadata");
    }
  }
  return {};
}

Result<> set_compression(const ExportVariables& variables, ExportSetup& setup) {
  const std::string& name = variables.otlp_compression;
  if (name == "none") return {};
  if (name != "gzip") {
    return refused("OTEL_EXPORTER_OTLP_COMPRESSION", name, "allowed is one of gzip, none");
  }
  if (setup.protocol == ExportProtocol::kOtlpGrpc) {
    return refused("OTEL_EXPORTER_OTLP_COMPRESSION", name,
                   "OTLP over gRPC is not compressed: allowed is none, or "
                   "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
  }
  if (setup.protocol == ExportProtocol::kOtlpHttp) {
    setup.post.compression = exporter::Compression::kGzip;
  }
  return {};
}

Result<std::string> read_pem(std::string_view variable, const std::string& file) {
  auto text = net::read_pem_file(file);
  if (!text) return refused(variable, file, text.error().message());
  return text;
}

Result<> set_tls(const ExportVariables& variables, net::TlsClientOptions& tls) {
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

Result<ExportSetup> choose_endpoint(const ExportVariables& variables) {
  const std::string& exporter = variables.traces_exporter;
  if (!exporter.empty() && exporter != "otlp" && exporter != "zipkin" && exporter != "none") {
    return refused("OTEL_TRACES_EXPORTER", exporter, "allowed is one of otlp, zipkin, none");
  }
  const auto otlp = otlp_protocol(variables);
  if (!otlp) return error(otlp.error());
  ExportSetup setup;
  if (exporter != "zipkin") setup = from_otlp(variables, *otlp);
  if (setup.variable.empty() && exporter != "otlp" && variables.zipkin_endpoint) {
    setup = from_zipkin(*variables.zipkin_endpoint);
  }
  if (setup.variable.empty() && variables.trace_url) {
    auto from_url = from_trace_url(*variables.trace_url, *otlp);
    if (!from_url) return from_url;
    setup = std::move(*from_url);
    const bool zipkin = setup.protocol == ExportProtocol::kZipkin;
    if (exporter == (zipkin ? "otlp" : "zipkin")) {
      return refused_url(setup.variable, *variables.trace_url,
                         fmt::format("this is an endpoint of {}, but OTEL_TRACES_EXPORTER is {}",
                                     zipkin ? "Zipkin" : "OTLP", exporter));
    }
  }
  if (setup.variable.empty()) return setup;
  if (auto right = check_endpoint(setup); !right) return error(right.error());
  return setup;
}

}  // namespace

std::string_view name(ExportProtocol protocol) noexcept {
  switch (protocol) {
    case ExportProtocol::kOtlpHttp:
      return "OTLP over HTTP";
    case ExportProtocol::kOtlpGrpc:
      return "OTLP over gRPC";
    case ExportProtocol::kZipkin:
      return "Zipkin v2";
  }
  return "";
}

Result<ExportSetup> choose_export(const ExportVariables& variables) {
  auto setup = choose_endpoint(variables);
  if (!setup) return setup;
  const bool zipkin = setup->protocol == ExportProtocol::kZipkin;
  setup->timeout = std::min(variables.export_timeout,
                            zipkin ? variables.zipkin_timeout : variables.otlp_timeout);
  if (auto set = set_headers(variables, *setup); !set) return error(set.error());
  if (auto set = set_compression(variables, *setup); !set) return error(set.error());
  return setup;
}

Result<> read_tls_files(const ExportVariables& variables, ExportSetup& setup) {
  if (setup.protocol == ExportProtocol::kZipkin) return {};
  return set_tls(variables, setup.post.tls);
}

}  // namespace hal::app
