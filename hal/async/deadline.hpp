// Deadlines: work that is stopped when its time has come.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/async/or_return.hpp>

namespace hal {

/// A Context with a deadline of its own, for as long as this object lives: a copy of `outer` that
/// is stopped with it, or with DEADLINE_EXCEEDED at the earlier of the two deadlines. `outer`'s
/// loop and stop must outlive it.
class DeadlineContext final : private Timer {
 public:
  DeadlineContext(const Context& outer, TimePoint deadline);
  ~DeadlineContext();
  [[nodiscard]] Context& context() noexcept { return context_; }
  /// Stops what runs in it, and leaves `outer` alone. Precondition: !reason.ok().
  void stop(Status reason) noexcept { stop_.request(std::move(reason)); }

 private:
  void on_timer() noexcept override;
  StopSource stop_;
  Context context_;
};

/// Awaits the task under `context` instead of the caller's Context. `context` must outlive it.
template <class T>
Task<T> run_in(Context& context, Task<T>&& task) {
  auto& promise = co_await detail::this_promise();
  Context& outer = promise.context();
  promise.use_context(context);
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    promise.use_context(outer);
  } else {
    T result = co_await std::move(task);
    promise.use_context(outer);
    co_return result;
  }
}

/// Awaits the task, which is stopped with DEADLINE_EXCEEDED at `deadline`, or earlier if the
/// caller's own deadline is earlier. A result that is there in spite of it is returned.
template <class T>
Task<Result<T>> with_deadline(TimePoint deadline, Task<Result<T>>&& task) {
  DeadlineContext scope{co_await this_context(), deadline};
  co_return co_await run_in(scope.context(), std::move(task));
}

/// with_deadline, counted from now.
template <class T>
Task<Result<T>> timeout(Duration duration, Task<Result<T>>&& task) {
  const TimePoint now = (co_await this_context()).loop->now();
  co_return co_await with_deadline(saturating_add(now, duration), std::move(task));
}

}  // namespace hal
