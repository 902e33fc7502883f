// From a trace context to the headers of an outbound request.
#pragma once

#include <hal/base/headers.hpp>
#include <hal/base/trace_context.hpp>

namespace hal::wire {

/// Which formats are written (OTEL_PROPAGATORS). x-request-id, grpc-trace-bin (if one came in) and
/// the headers passed on are written in any case.
struct InjectOptions {
  bool b3_multi = true;
  bool trace_context = true;  ///< traceparent and tracestate
  bool baggage = true;
  /// `b3`. Sidecars of Envoy up to 1.39 leave it as it is and so make it stale at the next hop.
  bool b3_single = false;
  bool jaeger = false;  ///< uber-trace-id
};

/// Makes `out` carry the context, the same ids in all formats, whatever it carried before: all
/// context formats in it are removed, and x-b3-parentspanid is never written.
///  - x-b3-traceid (32 digits), x-b3-spanid, x-b3-sampled 0 or 1; debug is x-b3-flags: 1 together
///    with x-b3-sampled: 1, which Envoy needs. Deferred: no x-b3-sampled.
///  - traceparent, version 00; of the flags only sampled and random. Deferred: only if
///    `forwarded.trace_parent_seen`, with 00, because the format cannot say "undecided".
///  - tracestate beside traceparent when it is not empty.
///  - uber-trace-id: when there are ids and the sampling is decided.
///  - A context without ids sends its sampling decision alone, as B3, or nothing.
///  - x-request-id and baggage replace those in `out`. A header of `pass_through` that is in `out`
///    already stays as the caller set it.
/// `forwarded` is trusted to be clean, as extract() makes it.
void inject(const SpanContext& context, const ForwardedHeaders& forwarded,
            const InjectOptions& options, Headers& out);

/// Keeps a call the kit makes for itself (export, registry, keys, probes) out of every trace: in a
/// mesh the sidecar would make a trace of each. x-b3-sampled: 0 with a traceparent that is not
/// sampled stops it in all modes of Envoy 1.36-1.40. Both ids must be valid (contract).
void inject_guard(Headers& out, TraceId trace_id, SpanId span_id);

}  // namespace hal::wire
