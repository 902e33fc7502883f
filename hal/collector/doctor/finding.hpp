// What a diagnosis consists of. Plain data, without references into the traces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hal/base/trace_context.hpp>
#include <hal/collector/doctor/provider.hpp>

namespace hal::collector::doctor {

/// How a service broke its traces.
enum class Cause : std::uint8_t {
  kNoContext,         ///< its calls carry no trace context that the sidecar reads
  kOwnTrace,          ///< it begins traces of its own instead of joining those that come in
  kStaleContext,      ///< its calls carry a context older than the one that came in
  kStaleEntry,        ///< requests reach the mesh with a header that Envoy reads and never renews
  kSpansNotExported,  ///< its calls name spans as their parents that it never sent
  kSamplingChanged,   ///< its calls carry another sampling decision than came in
  kRequestIdChanged,  ///< its calls carry another x-request-id than came in
};

/// "no-context", "own-trace", ...; static storage.
[[nodiscard]] std::string_view name(Cause cause) noexcept;

/// One call that shows it. Where the inbound request is not known its ids are all zero.
struct Evidence {
  TraceId inbound_trace{};
  SpanId inbound_span{};
  std::string inbound_request_id{};
  TraceId outbound_trace{};
  SpanId outbound_span{};
  SpanId outbound_parent{};  ///< all zero: none
  std::string outbound_request_id{};
  std::string node_id{};
  std::string upstream_cluster{};
};

struct Finding {
  Cause cause = Cause::kNoContext;
  std::string service{};   ///< whose sidecar tells it: "api.default"
  std::string upstream{};  ///< whom it called: "greeter.default"
  Provider provider = Provider::kZipkin;
  bool request_id_kept = false;  ///< of kNoContext and kOwnTrace: x-request-id was forwarded
  bool by_time_alone = false;    ///< no id connects request and call, only the time of both
  bool some_exported = false;    ///< of kSpansNotExported: other spans of the service arrive
  bool is_b3 = false;            ///< of kStaleContext: the next proxy read the same old context
  bool turned_on = false;        ///< of kSamplingChanged: on; else off
  std::size_t calls = 0;         ///< that show it
  std::size_t calls_seen = 0;    ///< all calls of the service to this upstream
  /// Of kRequestIdChanged: inbound requests of the service, and those without any call.
  std::size_t requests = 0;
  std::size_t requests_without_call = 0;
  std::uint64_t first_unix_ns = 0;  ///< start of the first such call, of the last one
  std::uint64_t last_unix_ns = 0;
  std::vector<Evidence> evidence{};  ///< the newest calls, DoctorOptions::evidence_max at most
};

/// What may be a fault and may be none: the traces do not tell.
struct Doubt {
  enum class Kind : std::uint8_t {
    kBegins,      ///< calls to `upstream` begin traces, and no request is continued
    kUnrecorded,  ///< the application's spans of calls named `upstream` have none of the sidecar's
  };
  Kind kind = Kind::kBegins;
  std::string service{};
  std::string upstream{};
  std::size_t calls = 0;
  std::size_t requests = 0;  ///< of kBegins: inbound ones that no call continues
};

struct Diagnosis {
  std::vector<Finding> findings{};  ///< by number of calls, most first
  std::vector<Doubt> doubts{};
  std::size_t traces = 0;     ///< judged
  std::size_t arriving = 0;   ///< left out: spans may still come
  std::size_t too_large = 0;  ///< left out: more than DoctorOptions::spans_per_trace_max
  std::size_t services = 0;   ///< with proxies
  /// Of DoctorOptions::only: no findings, but spans of it or of its other half may still come.
  bool is_too_early = false;
  std::uint64_t first_unix_ns = 0;
};

}  // namespace hal::collector::doctor
