// Context: what a request carries through every coroutine it runs in, without being passed.
#pragma once

#include <hal/async/stop.hpp>
#include <hal/async/timer.hpp>
#include <hal/base/trace_context.hpp>

#include <memory>

namespace hal {

class Loop;
namespace telemetry {
class Tracer;
class RecordedSpan;
}  // namespace telemetry
namespace service {
struct Call;
}  // namespace service
/// Who makes the request, once verified; the identity module knows what it is.
class Identity;

/// The values of one request (or of one background job) on one loop. A Task inherits a pointer to
/// its awaiter's Context; scopes and spans put a changed copy in place for what runs inside them.
struct Context {
  Loop* loop = nullptr;                 ///< where its coroutines run; never null in a running one
  StopSource* stop = nullptr;           ///< null: nothing can stop it
  TimePoint deadline = kNoDeadline;     ///< of all work in it; calls pass it on
  SpanContext span{};                   ///< invalid outside a trace
  telemetry::Tracer* tracer = nullptr;  ///< the worker's; null: nothing records spans
  telemetry::RecordedSpan* recorded = nullptr;  ///< the span being recorded here, if any
  ForwardedHeadersPtr forwarded{};              ///< null when no request came in
  std::shared_ptr<const Identity> identity{};
  service::Call* call = nullptr;  ///< server side: the call being handled; outlives its handler
};

namespace detail {
inline thread_local constinit const Context* current_context_slot = nullptr;
}  // namespace detail

/// The Context of the coroutine that runs on this thread, for plain functions such as a logger;
/// null outside a coroutine. Valid until the calling coroutine suspends.
[[nodiscard]] inline const Context* current_context() noexcept {
  return detail::current_context_slot;
}

}  // namespace hal
