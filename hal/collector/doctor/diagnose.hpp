// Which service broke the traces, by which header, and how one sees it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <hal/collector/doctor/finding.hpp>
#include <hal/collector/span.hpp>

namespace hal::collector::doctor {

struct DoctorOptions {
  std::uint64_t now_unix_ns = 0;
  /// A trace whose last span ended less than this ago is still arriving: Envoy and OpenTelemetry's
  /// SDKs send what they have every 5 s.
  std::chrono::nanoseconds settle = std::chrono::seconds{10};
  std::size_t evidence_max = 3;  ///< of each finding
  /// Of a trace without end only a part is kept, and what is missing would be blamed on somebody.
  std::size_t spans_per_trace_max = 10'000;
  /// Findings that this trace shows, and no others; it is judged though it may still be arriving,
  /// and so are the traces with its x-request-id.
  std::optional<TraceId> only{};
};

/// Drops what diagnose() does not read: traces then take a fraction of their memory.
void keep_evidence(Trace& trace);

/// Judges the traces of an Envoy mesh by its proxies' spans, together: the halves of a broken trace
/// are two traces. Traces without proxies, without samples or with retries, fan-outs and jobs of a
/// service's own are no findings. No trace may come twice. Thread-safe; takes time in proportion to
/// the number of spans.
[[nodiscard]] Diagnosis diagnose(std::vector<Trace> traces, const DoctorOptions& options);

}  // namespace hal::collector::doctor
