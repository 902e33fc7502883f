#include <hal/service/layers/deadline/deadline.hpp>

#include <hal/async/deadline.hpp>

#include <algorithm>

namespace hal::layers {

Duration ServerDeadline::timeout_of(const service::Call& call) const {
  if (call.streaming) return call.timeout.value_or(Duration::max());
  if (call.timeout) return std::min(*call.timeout, options_.max);
  if (call.default_timeout) return *call.default_timeout;
  return call.protocol == service::Protocol::kHttp ? options_.http_default : options_.rpc_default;
}

Task<> ServerDeadline::handle(service::Call& call, service::Next next) const {
  auto& promise = co_await hal::detail::this_promise();
  Context& outer = promise.context();
  const Duration timeout = timeout_of(call);
  if (timeout <= Duration::zero()) {
    call.status = {Code::kDeadlineExceeded, "the deadline had passed when the request came in"};
    co_return;
  }
  DeadlineContext scope{outer, saturating_add(outer.loop->now(), timeout)};
  promise.use_context(scope.context());
  co_await next(call);
  promise.use_context(outer);
}

}  // namespace hal::layers
