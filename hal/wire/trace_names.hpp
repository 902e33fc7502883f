// Which header names belong to tracing, and what each of them is.
#pragma once

#include <cstdint>
#include <string_view>

namespace hal::wire {

/// What a header name means to tracing. The order matters: all formats that hold a span context
/// (and tracestate, which is part of one) come before kRequestId.
enum class TraceName : std::uint8_t {
  kTraceparent,
  kTracestate,
  kB3,
  kB3TraceId,
  kB3SpanId,
  kB3ParentSpanId,
  kB3Sampled,
  kB3Flags,
  kGrpcTraceBin,
  kUberTraceId,
  kRequestId,
  kBaggage,
  kForeign,  ///< a format that is passed on but not encoded here: sw8, x-datadog-*, ...
  kOther,    ///< no trace header
};

/// Looks the name up without regard to case. Most other names are told apart by
/// their length alone.
[[nodiscard]] TraceName trace_name(std::string_view name) noexcept;

/// True for what inject() replaces: a stale one beside the injected ones breaks the trace.
[[nodiscard]] constexpr bool is_context_name(TraceName name) noexcept {
  return name < TraceName::kRequestId;
}

/// True for every header whose forwarding is the kit's work: all context formats, x-request-id,
/// baggage and the foreign formats. User code that copies headers must leave these out.
[[nodiscard]] bool is_trace_header(std::string_view name) noexcept;

/// False for headers that describe one hop and so can be on no allow-list: pseudo headers, host,
/// framing and connection headers (RFC 9110 7.6.1), te, trailers, content-* of the message; and for
/// trace headers, which are handled anyway.
[[nodiscard]] bool may_forward(std::string_view name) noexcept;

}  // namespace hal::wire
