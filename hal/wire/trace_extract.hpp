// From the headers of an inbound request to the trace context it carries.
#pragma once

#include <hal/base/headers.hpp>
#include <hal/base/trace_context.hpp>
#include <hal/wire/trace_choice.hpp>
#include <hal/wire/trace_formats.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hal::wire {

/// Built once at start and read by all threads.
struct ExtractOptions {
  MeshProvider provider = MeshProvider::kAuto;
  /// The user's allow-list of headers to pass on, lower case; may_forward() holds for each that is
  /// honoured. Nothing that identifies a user belongs here by default.
  std::vector<std::string> forward_headers = {};

  std::size_t baggage_bytes_max = 8192;      ///< what W3C Baggage 3.3.2 asks to carry at least
  std::size_t baggage_members_max = 180;     ///< the older text's limit; at least 64 are asked for
  std::size_t trace_state_bytes_max = 4096;  ///< W3C asks for at least 512
  std::size_t trace_state_members_max = 32;  ///< W3C: more make the list invalid
  std::size_t request_id_bytes_max = 256;    ///< a longer one is treated as absent, never cut
  /// Names and values of all headers passed on; one that does not fit is left out whole.
  std::size_t pass_through_bytes_max = 32768;
};

struct Extracted {
  /// The remote parent. Invalid ids when no context came in or the trace restarts; the sampling may
  /// be set without ids (`b3: 0`, or x-b3-sampled alone): it holds for the new root.
  SpanContext context;
  ForwardedHeaders forwarded;
  ContextSource source = ContextSource::kNone;  ///< where `context` was read from
  /// Any header of a format that holds a context came in, readable or not.
  bool trace_headers_seen = false;
  bool b3_seen = false;  ///< one of them was `b3` or an x-b3-*
  /// What was malformed first, in the order traceparent, b3, x-b3-*, uber-trace-id,
  /// grpc-trace-bin. With !context.valid() the trace restarts; else the malformed format is dropped
  /// and another was used.
  std::optional<RejectReason> rejected;
  /// Contexts of different traces came in and the choice is a guess: MeshProvider settles it.
  bool ambiguous = false;
};

/// Reads all formats: x-b3-* (first value of each), `b3`, traceparent with tracestate, and, only if
/// none of these gives a context, uber-trace-id, then grpc-trace-bin (undecoded base64 text as on
/// the wire). Several are settled by choose_context(). A malformed one never hides a well-formed
/// one: in a mesh the sidecar's own format is always well formed, and the broken one is what it
/// passed along.
/// Never fails; whatever goes into `forwarded` is bounded and free of CR, LF, NUL and other
/// control characters. Thread-safe; views into `headers` are not kept.
[[nodiscard]] Extracted extract(const Headers& headers, const ExtractOptions& options);

/// For a process that takes no part in traces: x-request-id, and whether trace headers came in.
/// None of them is parsed, so it costs a look at each header's name.
[[nodiscard]] Extracted extract_request_id(const Headers& headers, const ExtractOptions& options);

}  // namespace hal::wire
