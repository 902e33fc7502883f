// Spans and traces for tests, in few words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hal/collector/span.hpp>

namespace hal::collector::testing {

/// One span; ids in hexadecimal digits, times in microseconds after kTraceStartNs.
struct SpanSpec {
  std::string_view id{};
  std::string_view parent{};  ///< empty: a root
  std::string service = "hal9000-api";
  std::string name = "work";
  SpanKind kind = SpanKind::kInternal;
  std::uint64_t start_us = 0;
  std::uint64_t duration_us = 100;
  std::string error{};  ///< a status message makes the span a failed one
};

inline constexpr std::uint64_t kTraceStartNs = 1'700'000'000'000'000'000;
inline constexpr std::string_view kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

[[nodiscard]] Span make_span(const SpanSpec& spec, std::string_view trace_id = kTraceId);
[[nodiscard]] Trace make_trace(const std::vector<SpanSpec>& specs,
                               std::string_view trace_id = kTraceId);

/// What GET /api/v1/hello/ww makes: api (server), api (client), greeter (server).
[[nodiscard]] Trace hello_trace(std::string_view trace_id = kTraceId);

}  // namespace hal::collector::testing
