// Loop: what runs coroutines. net implements it on Asio; async/testing has one with a manual clock.
#pragma once

#include <hal/async/timer.hpp>

#include <coroutine>
#include <functional>
#include <vector>

namespace hal {

class Scope;
class ThreadPool;

/// One thread's event loop. Unless a function says otherwise, it is called on the loop's thread.
class Loop {
 public:
  using Work = std::move_only_function<void()>;

  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  /// The loop's monotonic clock.
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;

  /// Runs `work` on the loop's thread, later. Thread-safe. Work must not throw.
  virtual void post(Work work) = 0;

  /// Runs the loop on the calling thread until `done()` is true; checked between pieces of work.
  virtual void run_until(const std::function<bool()>& done) = 0;

  /// Resumes a suspended coroutine in a later turn of the loop, in the order of the calls.
  void resume_soon(std::coroutine_handle<> coroutine);

  /// on_timer runs when `due` has come. Precondition: the timer is not armed.
  void add(Timer& timer, TimePoint due);
  /// Nothing happens for a timer that is not armed.
  void remove(Timer& timer) noexcept { timers_.remove(timer); }

  /// Where offload() runs its callables. The pool must outlive the loop's coroutines.
  void set_offload_pool(ThreadPool* pool) noexcept { pool_ = pool; }
  [[nodiscard]] ThreadPool* offload_pool() const noexcept { return pool_; }

  /// Which worker this is, and the scope of its long-lived work: connections and refreshes that
  /// requests share run there, under no request's deadline, span or cancellation. Set once by
  /// whoever owns the loop, before its coroutines start; the scope must outlive them.
  void set_worker(unsigned index, Scope& background) noexcept {
    worker_index_ = index;
    background_ = &background;
  }
  /// 0 outside a worker.
  [[nodiscard]] unsigned worker_index() const noexcept { return worker_index_; }
  /// Null outside a worker.
  [[nodiscard]] Scope* background() const noexcept { return background_; }

 protected:
  /// Asks the implementation to call run_timers at `due`; a later call with an earlier time
  /// replaces the first. Never called with a later time while one is pending.
  virtual void wake_at(TimePoint due) = 0;
  /// Fires the timers that are due and asks for the next wake-up.
  void run_timers();
  [[nodiscard]] TimePoint next_timer() const noexcept { return timers_.next_due(); }

 private:
  void run_ready();

  TimerQueue timers_;
  TimePoint wake_up_ = kNoDeadline;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
  ThreadPool* pool_ = nullptr;
  Scope* background_ = nullptr;
  unsigned worker_index_ = 0;
};

namespace detail {
/// Resumes and restores the thread's current Context afterwards: the only way to resume.
void resume(std::coroutine_handle<> coroutine);
}  // namespace detail

}  // namespace hal
