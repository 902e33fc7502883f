#include <hal/transport/pending_io.hpp>

#include <hal/async/loop.hpp>

namespace hal::transport {

void PendingIo::begin(bool writes, std::optional<Result<std::size_t>> immediate) {
  expects(!running_ && !result_, "one operation at a time");
  writes_ = writes;
  running_ = !immediate;
  result_ = std::move(immediate);
}

Result<std::size_t> PendingIo::take() {
  expects(result_.has_value(), "an operation's result is taken once, when it is over");
  return *std::exchange(result_, std::nullopt);
}

void PendingIo::cancel() noexcept {
  if (!running_) return;
  writes_ ? stream_.cancel_write() : stream_.cancel_read();
}

void PendingIo::on_complete(Result<std::size_t> result) noexcept {
  running_ = false;
  result_ = std::move(result);
  release();
  if (coroutine_) {
    hal::detail::resume(std::exchange(coroutine_, nullptr));
  } else {
    finished_alone();
  }
}

}  // namespace hal::transport
