// Task: the coroutine type of everything here. Lazy, immovable, awaited where it is made.
#pragma once

#include <hal/async/promise.hpp>
#include <hal/base/contract.hpp>
#include <hal/base/status.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace hal {
namespace detail {

template <class T>
struct is_result : std::false_type {};
template <class T>
struct is_result<Result<T>> : std::true_type {};

template <class T>
class TaskPromise;

struct FinalAwaiter {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    return finished.promise().done();
  }
  void await_resume() const noexcept {}
};

/// What all Task promises share beside the stored result.
template <class Derived>
class TaskPromiseBase : public AwaitingPromise<Derived> {
 public:
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  [[nodiscard]] bool failed() const noexcept { return exception_ != nullptr; }

 protected:
  void rethrow_if_failed() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
};

template <class T>
class TaskPromise final : public TaskPromiseBase<TaskPromise<T>> {
 public:
  Task<T> get_return_object() noexcept;

  void return_value(T value) { value_.emplace(std::move(value)); }
  template <class U>
    requires(std::constructible_from<T, U> && !std::same_as<std::remove_cvref_t<U>, T>)
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  /// The stored result; null if the coroutine ended by an exception.
  [[nodiscard]] T* value() noexcept { return value_ ? &*value_ : nullptr; }
  T take() {
    this->rethrow_if_failed();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase<TaskPromise<void>> {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const { rethrow_if_failed(); }
};

template <class T>
class TaskAwaiter {
 public:
  TaskAwaiter(std::coroutine_handle<TaskPromise<T>> task, PromiseBase& awaiter)
      : task_{task}, awaiter_{awaiter} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) const noexcept {
    task_.promise().resume_when_done(awaiter);
    return task_;
  }
  T await_resume() const {
    awaiter_.enter();
    return task_.promise().take();
  }

 private:
  std::coroutine_handle<TaskPromise<T>> task_;
  PromiseBase& awaiter_;
};

}  // namespace detail

/// A coroutine that starts when it is awaited, runs on its awaiter's loop and inherits its
/// Context. It cannot be moved or stored: `co_await f(x)` is the one way to use it, so that a
/// reference handed to it lives long enough. To run work beside the caller: with_scope, when_all.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using value_type = T;

  Task(Task&&) = delete;
  Task& operator=(Task&&) = delete;
  ~Task() { coroutine_.destroy(); }

  /// For await_transform.
  detail::TaskAwaiter<T> await_in(detail::PromiseBase& awaiter) && noexcept {
    expects(!coroutine_.promise().started(), "a task is awaited once");
    coroutine_.promise().inherit_context(&awaiter.context());
    return {coroutine_, awaiter};
  }
  /// For the runtime's own combinators.
  [[nodiscard]] std::coroutine_handle<promise_type> coroutine() const noexcept {
    return coroutine_;
  }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_{coroutine} {}
  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<TaskPromise<T>>::from_promise(*this)};
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<TaskPromise<void>>::from_promise(*this)};
}

struct ThisContext {
  Context* context = nullptr;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>, Context& current) noexcept {
    context = &current;
    return false;
  }
  [[nodiscard]] Context& await_resume() const noexcept { return *context; }
};

}  // namespace detail

/// `Context& context = co_await this_context();` Valid while the calling coroutine runs.
[[nodiscard]] inline detail::ThisContext this_context() noexcept { return {}; }

/// `co_await or_stopped()`: OK, or the reason if this work has been stopped. Never suspends.
[[nodiscard]] inline auto or_stopped() noexcept {
  struct Awaiter {
    Status reason;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>, Context& current) {
      if (current.stop != nullptr) reason = current.stop->reason();
      return false;
    }
    Result<> await_resume() {
      if (reason.ok()) return {};
      return error(std::move(reason));
    }
  };
  return Awaiter{};
}

}  // namespace hal
