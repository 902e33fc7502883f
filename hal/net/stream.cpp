#include <hal/net/stream.hpp>

#include <hal/async/loop.hpp>

namespace hal::net {
namespace detail {

bool StreamAwaiter::stopped(const Context& context) {
  if (context.stop == nullptr || !context.stop->requested()) return false;
  result_ = error(context.stop->reason());
  return true;
}

bool StreamAwaiter::suspend(std::optional<Result<std::size_t>> immediate,
                            std::coroutine_handle<> coroutine, const Context& context) {
  if (immediate) {
    result_ = std::move(*immediate);
    return false;
  }
  coroutine_ = coroutine;
  attach(context.stop);
  return true;
}

void StreamAwaiter::on_complete(Result<std::size_t> result) noexcept {
  release();
  result_ = std::move(result);
  if (!result_ && !stop_reason_.ok()) result_ = error(std::move(stop_reason_));
  hal::detail::resume(coroutine_);
}

}  // namespace detail

bool ReadAwaiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  if (stopped(context)) return false;
  return suspend(stream_.start_read(*this, buffer_), coroutine, context);
}

void ReadAwaiter::on_stop(const Status& reason) noexcept {
  stop_reason_ = reason;
  stream_.cancel_read();
}

bool WriteAwaiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  if (stopped(context)) return false;
  return suspend(stream_.start_write(*this, data_), coroutine, context);
}

void WriteAwaiter::on_stop(const Status& reason) noexcept {
  stop_reason_ = reason;
  stream_.cancel_write();
}

Result<> WriteAwaiter::await_resume() {
  if (result_) return {};
  return error(std::move(result_.error()));
}

}  // namespace hal::net
