#include <hal/async/testing/manual_loop.hpp>

namespace hal::testing {

void ManualLoop::post(Work work) {
  const std::lock_guard lock{mutex_};
  queue_.push_back(std::move(work));
  posted_.notify_one();  // under the lock: the test may destroy the loop as soon as the work ran
}

bool ManualLoop::run_one() {
  Work work;
  {
    const std::lock_guard lock{mutex_};
    if (queue_.empty()) return false;
    work = std::move(queue_.front());
    queue_.pop_front();
  }
  work();
  return true;
}

void ManualLoop::run_ready() {
  while (run_one()) {
  }
}

void ManualLoop::advance(Duration duration) {
  const TimePoint end = now_ + duration;
  run_ready();
  while (next_timer() <= end) {
    now_ = std::max(now_, next_timer());
    run_timers();
    run_ready();
  }
  now_ = end;
}

void ManualLoop::run_until(const std::function<bool()>& done) {
  while (!done()) {
    if (run_one()) continue;
    if (offload_pool() != nullptr) {
      // Another thread may post: only waiting tells.
      std::unique_lock lock{mutex_};
      if (posted_.wait_for(lock, std::chrono::milliseconds{50},
                           [this] { return !queue_.empty(); })) {
        continue;
      }
    }
    if (next_timer() != kNoDeadline) {
      now_ = std::max(now_, next_timer());
      run_timers();
      continue;
    }
    expects(offload_pool() != nullptr, "the test's loop has work that can still run");
  }
}

}  // namespace hal::testing
