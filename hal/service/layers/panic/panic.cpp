#include <hal/service/layers/panic/panic.hpp>

#include <hal/async/scope.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::layers {

Task<> Panic::handle(service::Call& call, service::Next next) const {
  auto& promise = co_await hal::detail::this_promise();
  try {
    co_await next(call);
  } catch (...) {
    promise.enter();
    const Status thrown = status_of_current_exception();
    log::error("handler of {} threw: {}", call.path, thrown.message());
    call.status = {Code::kInternal, "internal error"};
    call.http_status = 0;
  }
}

}  // namespace hal::layers
