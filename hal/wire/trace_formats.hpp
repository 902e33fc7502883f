// One format of span context at a time: text to SpanContext and back. trace_extract.hpp chooses
// among several. All functions are pure and thread-safe.
#pragma once

#include <hal/base/trace_context.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hal::wire {

/// Why a header was not believed. A small closed set: it is a metric label.
enum class RejectReason : std::uint8_t {
  kTraceparent,          ///< length, separators, upper case, version ff
  kTraceparentRepeated,  ///< more than one traceparent
  kB3Single,             ///< not one of the forms of `b3`
  kB3Multi,       ///< ids that are no hexadecimal numbers, or of 17-31 or more than 32 digits
  kB3Incomplete,  ///< only one of x-b3-traceid and x-b3-spanid
  kB3Sampled,     ///< x-b3-sampled is none of 0, 1, true, false: read as undecided
  kGrpcTraceBin,  ///< not 29 bytes in base64, or other fields than the three
  kUberTraceId,   ///< not four hexadecimal numbers with ':' between them
  kZeroId,        ///< well formed, but the trace id or the span id is zero
};

/// Snake-case name for logs and metrics, e.g. "b3_incomplete".
[[nodiscard]] std::string_view to_string(RejectReason reason) noexcept;

/// What one format says.
struct ParsedContext {
  SpanContext context;  ///< valid ids, or zero ids with or without a sampling decision
  SpanId parent;        ///< B3's parent span id; zero when not given. Only the choice reads it
  std::optional<RejectReason> rejected;
};

/// W3C Trace Context level 2, 3.2: version 00 has exactly 55 characters; ff is refused; a higher
/// version may go on after a '-' (its known flags are kept). Spaces around the value are allowed.
[[nodiscard]] ParsedContext parse_traceparent(std::string_view value) noexcept;

/// `b3`: `0`, `1`, `d` alone, or traceid-spanid[-state[-parentspanid]] with a trace id of 16 or 32
/// digits of either case (openzipkin/b3-propagation, "Single Header").
[[nodiscard]] ParsedContext parse_b3_single(std::string_view value) noexcept;

/// The x-b3-* headers, first value of each; absent and empty mean the same.
struct B3Fields {
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view parent_span_id;
  std::string_view sampled;
  std::string_view flags;
};

/// Trace ids of 1-16 or 32 digits, span ids of 1-16 digits, either case. x-b3-flags: 1 is debug
/// whatever x-b3-sampled says. The sampling decision stands even if the ids are refused. A parent
/// span id that is none is ignored: Envoy's clients send empty ones.
[[nodiscard]] ParsedContext parse_b3_multi(const B3Fields& fields) noexcept;

/// grpc-trace-bin as it stands on the wire: base64 text, padded or not, of the 29 bytes
/// {0; 0, trace id; 1, span id; 2, flags} (OpenCensus BinaryEncoding). Undecoded metadata, that is.
[[nodiscard]] ParsedContext parse_grpc_trace_bin(std::string_view base64);

/// uber-trace-id, "<trace id>:<span id>:<parent span id>:<flags>" in hexadecimal digits of either
/// case (Jaeger client libraries, "Propagation Format"): shorter ids are padded, ':' may be written
/// %3A. Flags: 1 is sampled, 3 is debug; without the 1 it is denied. The parent span id is checked
/// and not used: writers send 0 or what they like.
[[nodiscard]] ParsedContext parse_uber_trace_id(std::string_view value) noexcept;

/// "00-<trace id>-<span id>-<flags>": flags 01 when sampled, plus 02 for the random bit.
[[nodiscard]] std::array<char, 55> write_traceparent(const SpanContext& context) noexcept;

/// `b3`: "<trace id>-<span id>[-<state>]" with 32 digits; the state alone, or the empty text, for a
/// context without ids.
[[nodiscard]] std::string write_b3_single(const SpanContext& context);

/// Full width, parent span id 0, flags 0, 1 or 3: the format cannot say "undecided".
[[nodiscard]] std::string write_uber_trace_id(const SpanContext& context);

/// Base64 without padding, as gRPC writes binary metadata.
[[nodiscard]] std::string write_grpc_trace_bin(const SpanContext& context);

}  // namespace hal::wire
