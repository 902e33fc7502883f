// Several contexts came in with one request: which of them is the newest?
#pragma once

#include <hal/base/trace_context.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace hal::wire {

/// Which formats the mesh's sidecar writes, when the operator knows (HAL_MESH_PROVIDER).
enum class MeshProvider : std::uint8_t { kAuto, kZipkin, kW3c };

/// Where a context was read from.
enum class ContextSource : std::uint8_t {
  kNone,
  kB3Multi,
  kB3Single,
  kTraceparent,
  kUberTraceId,
  kGrpcTraceBin,
};

/// Name of the header for logs, e.g. "x-b3-traceid", "b3", "none".
[[nodiscard]] std::string_view to_string(ContextSource source) noexcept;

/// A well-formed context with valid ids.
struct ContextCandidate {
  SpanContext context;
  SpanId parent;  ///< zero when unknown
  ContextSource source = ContextSource::kNone;
};

/// How tracestate came in. Envoy's OpenTelemetry tracer writes an empty one when there is none to
/// pass on: nobody else is known to, so an empty one marks the traceparent beside it as fresh.
enum class TraceStateForm : std::uint8_t { kAbsent, kEmpty, kGiven };

struct ContextChoice {
  const ContextCandidate* picked = nullptr;  ///< into the candidates; null when there is none
  bool ambiguous = false;  ///< contexts of different traces, and only a guess between them
};

/// A sidecar rewrites only its own format and passes the others on as they were, so contexts of one
/// request may differ. The rule, in this order (measured right on all contexts with valid ids that
/// Envoy 1.36-1.40 sent in its Zipkin, Zipkin with W3C, and OpenTelemetry modes):
///  0. an empty tracestate: the traceparent;
///  1. same trace and one's parent id is another's span id: the one that names the parent;
///  2. all agree: the first;
///  3. a B3 context with a parent id, or whose span id is the low half of its trace id (a root as
///     Envoy makes it; older than any other span of its trace): that one, `b3` before x-b3-*;
///  4. traceparent, then `b3`, then x-b3-*.
/// It rests on this kit never sending a parent id nor `b3`. kZipkin looks at B3 contexts only if
/// there are any, kW3c at the traceparent if there is one.
/// Order of candidates: x-b3-*, `b3`, traceparent; at most one of each.
[[nodiscard]] ContextChoice choose_context(std::span<const ContextCandidate> candidates,
                                           MeshProvider provider,
                                           TraceStateForm trace_state) noexcept;

}  // namespace hal::wire
