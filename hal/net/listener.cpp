#include <hal/net/listener.hpp>

namespace hal::net {

bool AcceptAwaiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  if (context.stop != nullptr && context.stop->requested()) {
    result_ = error(context.stop->reason());
    return false;
  }
  if (auto immediate = listener_.start_accept(*this)) {
    result_ = std::move(*immediate);
    return false;
  }
  coroutine_ = coroutine;
  attach(context.stop);
  return true;
}

void AcceptAwaiter::on_accept(Result<std::unique_ptr<Stream>> stream) noexcept {
  release();
  result_ = std::move(stream);
  if (!result_ && !stop_reason_.ok()) result_ = error(std::move(stop_reason_));
  hal::detail::resume(coroutine_);
}

void AcceptAwaiter::on_stop(const Status& reason) noexcept {
  stop_reason_ = reason;
  listener_.cancel_accept();
}

}  // namespace hal::net
