// Export set-up: from variables to where spans go, and how.
#pragma once

#include <hal/app/trace_options.hpp>
#include <hal/async/timer.hpp>
#include <hal/base/headers.hpp>
#include <hal/export/http_post.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hal::app {

enum class ExportProtocol : std::uint8_t { kOtlpHttp, kOtlpGrpc, kZipkin };

/// "OTLP over HTTP", ... for the log.
[[nodiscard]] std::string_view name(ExportProtocol protocol) noexcept;

struct ExportSetup {
  ExportProtocol protocol = ExportProtocol::kOtlpHttp;
  /// The full URL; for kOtlpGrpc scheme, host and port. Empty: spans go nowhere.
  std::string endpoint{};
  std::string variable{};            ///< that names the endpoint; empty: none does
  std::string warning{};             ///< for the log of the start; empty: none
  Headers headers{};                 ///< with each request, beside the protocol's own
  Duration timeout{};                ///< of one batch
  exporter::HttpPostOptions post{};  ///< its TLS is for gRPC, too
};

/// All but the TLS files. The endpoint is that of OTLP's own variables, else Zipkin's, else
/// TRACE_URL, of those that OTEL_TRACES_EXPORTER allows. TRACE_URL is a Zipkin endpoint if its path
/// ends in /api/v2/spans (or v1, which becomes v2, with a warning), or with port 9411 and another
/// path than /v1/traces; else OTLP. Without a path the protocol's own is added.
/// kInvalidArgument names variable, value (unless it is a secret) and rule.
[[nodiscard]] Result<ExportSetup> choose_export(const ExportVariables& variables);

/// The PEM files of OTLP's variables, for a setup with an endpoint: a wrong one is told here, not
/// by the first span. kInvalidArgument names variable, file and what is wrong with it.
[[nodiscard]] Result<> read_tls_files(const ExportVariables& variables, ExportSetup& setup);

}  // namespace hal::app
