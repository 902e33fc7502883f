// Awaits a task and tells somebody when it does not finish at once.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/async/task.hpp>

namespace hal::transport {

class SuspensionObserver {
 public:
  /// The task waits for something. Called within the await that started it; must not throw.
  virtual void task_suspended() noexcept = 0;

 protected:
  ~SuspensionObserver() = default;
};

namespace detail {

class [[nodiscard]] ObservedAwaiter {
 public:
  ObservedAwaiter(std::coroutine_handle<hal::detail::TaskPromise<void>> task,
                  hal::detail::PromiseBase& awaiter, SuspensionObserver& observer) noexcept
      : task_{task}, awaiter_{awaiter}, observer_{observer} {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> outer) noexcept {
    outer_ = outer;
    // Nobody runs the "coroutine" at this address: on_done gets the address back.
    task_.promise().resume_when_done(std::coroutine_handle<>::from_address(this), &on_done);
    task_.promise().enter();
    hal::detail::resume(task_);
    if (done_) return false;
    suspended_ = true;
    observer_.task_suspended();
    return true;
  }
  void await_resume() const {
    awaiter_.enter();
    task_.promise().take();
  }

 private:
  static std::coroutine_handle<> on_done(hal::detail::PromiseBase&, std::coroutine_handle<> self) {
    auto& awaiter = *static_cast<ObservedAwaiter*>(self.address());
    awaiter.done_ = true;
    return awaiter.suspended_ ? awaiter.outer_ : std::noop_coroutine();
  }

  std::coroutine_handle<hal::detail::TaskPromise<void>> task_;
  hal::detail::PromiseBase& awaiter_;
  SuspensionObserver& observer_;
  std::coroutine_handle<> outer_;
  bool done_ = false;
  bool suspended_ = false;
};

struct RunObserved {
  std::coroutine_handle<hal::detail::TaskPromise<void>> task;
  Context& context;
  SuspensionObserver& observer;
  ObservedAwaiter await_in(hal::detail::PromiseBase& awaiter) && noexcept {
    task.promise().inherit_context(&context);
    return {task, awaiter, observer};
  }
};

}  // namespace detail

/// `co_await run_observed(f(x), context, observer);` runs the task in `context`.
[[nodiscard]] inline detail::RunObserved run_observed(Task<>&& task, Context& context,
                                                      SuspensionObserver& observer) noexcept {
  return {task.coroutine(), context, observer};
}

}  // namespace hal::transport
