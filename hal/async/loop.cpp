#include <hal/async/loop.hpp>

#include <hal/async/context.hpp>

namespace hal {

void Loop::resume_soon(std::coroutine_handle<> coroutine) {
  ready_.push_back(coroutine);
  if (ready_.size() == 1) {
    post([this] { run_ready(); });
  }
}

void Loop::run_ready() {
  running_.swap(ready_);
  for (const auto coroutine : running_) detail::resume(coroutine);
  running_.clear();
}

void Loop::add(Timer& timer, TimePoint due) {
  timers_.add(timer, due);
  if (due < wake_up_) {
    wake_up_ = due;
    wake_at(due);
  }
}

void Loop::run_timers() {
  wake_up_ = kNoDeadline;
  timers_.run_due(now());
  const TimePoint next = timers_.next_due();
  if (next < wake_up_) {
    wake_up_ = next;
    wake_at(next);
  }
}

namespace detail {

void resume(std::coroutine_handle<> coroutine) {
  const Context* const saved = current_context_slot;
  coroutine.resume();
  current_context_slot = saved;
}

}  // namespace detail
}  // namespace hal
