// Waiting: for a time, and for another coroutine of the same loop.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/async/task.hpp>

namespace hal {

/// Coroutines that wait for each other on one loop, as on a condition variable: state lies in the
/// owner, which checks it again after each wait. Must outlive its waiters. Not thread-safe.
class WaitQueue {
 public:
  class Waiter;
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  ~WaitQueue() { expects(first_ == nullptr, "a wait queue outlives its waiters"); }

  /// `Result<> woken = co_await queue.wait();` An error is the reason of a stop.
  [[nodiscard]] Waiter wait() noexcept;

  /// Lets the longest waiting coroutine go on, in a later turn of the loop; false if none waits.
  bool wake_one() noexcept;
  void wake_all() noexcept {
    while (wake_one()) {
    }
  }
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

class [[nodiscard]] WaitQueue::Waiter final : private StopCallback {
 public:
  explicit Waiter(WaitQueue& queue) noexcept : queue_{queue} {}
  ~Waiter() = default;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  Result<> await_resume() {
    if (reason_.ok()) return {};
    return error(std::move(reason_));
  }

 private:
  friend class WaitQueue;
  void on_stop(const Status& reason) noexcept override;
  void unlink() noexcept;

  WaitQueue& queue_;
  Loop* loop_ = nullptr;
  std::coroutine_handle<> coroutine_;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  Status reason_;
};

inline WaitQueue::Waiter WaitQueue::wait() noexcept { return Waiter{*this}; }

/// queue.wait() as a Task, for combinators: `co_await timeout(1s, wait_on(queue))`. The queue must
/// outlive it.
inline Task<Result<>> wait_on(WaitQueue& queue) { co_return co_await queue.wait(); }

namespace detail {

class [[nodiscard]] SleepAwaiter final : private Timer, private StopCallback {
 public:
  explicit SleepAwaiter(Duration duration) noexcept : duration_{duration} {}
  ~SleepAwaiter() = default;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  Result<> await_resume() {
    if (reason_.ok()) return {};
    return error(std::move(reason_));
  }

 private:
  void on_timer() noexcept override;
  void on_stop(const Status& reason) noexcept override;
  Duration duration_;
  Loop* loop_ = nullptr;
  std::coroutine_handle<> coroutine_;
  Status reason_;
};

}  // namespace detail

/// `co_await sleep(200ms)`: OK after at least that time, or the reason of a stop at once.
[[nodiscard]] inline detail::SleepAwaiter sleep(Duration duration) noexcept {
  return detail::SleepAwaiter{duration};
}

}  // namespace hal
