// Trace: a span around every call, and the headers that keep the trace whole.
#pragma once

#include <hal/service/layer.hpp>
#include <hal/telemetry/mode.hpp>
#include <hal/wire/trace_headers.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace hal::telemetry {
class Tracer;
}  // namespace hal::telemetry

namespace hal::layers {

/// Says for which calls a server makes no span of its own. Called by all workers: thread-safe.
using Skipper = std::function<bool(const service::Call&)>;

/// Calls whose path begins so.
[[nodiscard]] Skipper path_prefix(std::string prefix);
/// Calls whose path does not.
[[nodiscard]] Skipper not_path_prefix(std::string prefix);
/// Calls of this method (case counts) whose path begins so.
[[nodiscard]] Skipper method_and_path_prefix(std::string method, std::string prefix);

/// Configures the Trace layer that every server has: `router.layer(layers::Trace{.skip = {...}})`.
struct Trace {
  /// A call that any of these picks gets no span of ours; its headers still travel.
  std::vector<Skipper> skip{};
};

/// How contexts are read and written; the same for all layers of a process.
struct TraceOptions {
  wire::ExtractOptions extract{};
  wire::InjectOptions inject{};
};

/// Server side: reads the inbound context, keeps x-request-id (or mints one), and runs the call
/// inside a SERVER span. What it does depends on the mode of Context::tracer:
///  - full: the span is the child of what came in, or a new root.
///  - forward: what came in goes on unchanged; no span.
///  - off: x-request-id only, trace headers are not parsed; says once that this breaks traces, when
///    some come in.
/// Says once as well when B3 or traceparent comes in and the options write none, and when contexts
/// of different traces come in and nothing tells which of them is the sidecar's.
class ServerTrace final : public service::Layer {
 public:
  explicit ServerTrace(TraceOptions options, Trace trace = {});
  Task<> handle(service::Call& call, service::Next next) const override;
  /// The same layer with other skippers.
  [[nodiscard]] service::LayerPtr configured(Trace trace) const;

 private:
  [[nodiscard]] wire::Extracted read(const Headers& headers, telemetry::Tracer* tracer) const;
  void warn_of_loss(const wire::Extracted& inbound, telemetry::Mode mode) const;
  void warn_of_guess(const wire::Extracted& inbound) const;

  const TraceOptions options_;
  const Trace trace_;
  // A line per request would drown the log.
  mutable std::atomic<bool> warned_of_loss_{false};
  mutable std::atomic<bool> warned_of_guess_{false};
};

/// Client side: a CLIENT span around the call, whose ids go out in multi-header B3 and traceparent
/// with x-request-id, tracestate, baggage and the headers passed on. Outside a request the call
/// starts a trace, and gets a new x-request-id unless the caller has set one. The span ends with
/// the body of the response (Call::end), also where that comes after the layers have run.
class ClientTrace final : public service::Layer {
 public:
  explicit ClientTrace(TraceOptions options);
  Task<> handle(service::Call& call, service::Next next) const override;

 private:
  Task<> handle_open_end(service::Call& call, service::Next next) const;
  void begin(service::Call& call, const Context& outer, telemetry::RecordedSpan& span) const;

  const TraceOptions options_;
};

/// Client side, for calls the kit makes for itself (export, registry, probes): no span, and headers
/// that keep a sidecar from making a trace of the call.
class UntracedCall final : public service::Layer {
 public:
  Task<> handle(service::Call& call, service::Next next) const override;
};

/// `defaults` with the ServerTrace among them configured; skippers given before are replaced.
[[nodiscard]] service::Layers with_trace(service::Layers defaults, const Trace& trace);

}  // namespace hal::layers
