// The part of a coroutine's promise that does not depend on its result.
#pragma once

#include <hal/async/context.hpp>
#include <hal/async/frame_pool.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>

namespace hal {

template <class T>
class Task;

namespace detail {

class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  [[nodiscard]] Context& context() const noexcept { return *context_; }
  /// Puts another Context in place for what this coroutine awaits from now on.
  void use_context(Context& context) noexcept {
    context_ = &context;
    enter();
  }
  void inherit_context(Context* context) noexcept { context_ = context; }
  /// Has it been awaited?
  [[nodiscard]] bool started() const noexcept { return context_ != nullptr; }
  /// Called whenever the coroutine starts to run: plain functions find its Context from here on.
  void enter() const noexcept { current_context_slot = context_; }

  /// Who runs when this coroutine is done. `on_done` may choose somebody else than `awaiter`.
  using OnDone = std::coroutine_handle<> (*)(PromiseBase& done, std::coroutine_handle<> awaiter);
  void resume_when_done(std::coroutine_handle<> awaiter, OnDone on_done = nullptr) noexcept {
    awaiter_ = awaiter;
    on_done_ = on_done;
  }
  [[nodiscard]] std::coroutine_handle<> done() {
    return on_done_ == nullptr ? awaiter_ : on_done_(*this, awaiter_);
  }

 private:
  Context* context_ = nullptr;
  std::coroutine_handle<> awaiter_;
  OnDone on_done_ = nullptr;
};

/// Every await of something that is no Task: tells it the Context, and notes on resumption that
/// this coroutine runs again.
template <class Awaiter>
class LeafAwaiter {
 public:
  LeafAwaiter(Awaiter& awaiter, PromiseBase& promise) : awaiter_{awaiter}, promise_{promise} {}

  bool await_ready() { return awaiter_.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) {
    if constexpr (requires { awaiter_.await_suspend(coroutine, promise_.context()); }) {
      return awaiter_.await_suspend(coroutine, promise_.context());
    } else {
      return awaiter_.await_suspend(coroutine);
    }
  }
  decltype(auto) await_resume() {
    promise_.enter();
    return awaiter_.await_resume();
  }

 private:
  Awaiter& awaiter_;
  PromiseBase& promise_;
};

/// Awaited to reach the promise; never suspends. `co_await detail::this_promise()`.
struct ThisPromise {
  PromiseBase* promise = nullptr;
  [[nodiscard]] bool await_ready() const noexcept { return promise != nullptr; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  [[nodiscard]] PromiseBase& await_resume() const noexcept { return *promise; }
};
[[nodiscard]] inline ThisPromise this_promise() noexcept { return {}; }

/// What all promises of this runtime answer to co_await.
template <class Derived>
class AwaitingPromise : public PromiseBase {
 public:
  template <class T>
  auto await_transform(Task<T>&& task) noexcept {
    return std::move(task).await_in(*this);
  }
  template <class T>
    requires requires(T value, Derived& promise) { std::move(value).await_in(promise); }
  auto await_transform(T&& value) noexcept {
    return std::forward<T>(value).await_in(static_cast<Derived&>(*this));
  }
  ThisPromise await_transform(ThisPromise) noexcept { return {this}; }
  template <class Awaiter>
    requires requires(Awaiter awaiter) { awaiter.await_ready(); }
  auto await_transform(Awaiter&& awaiter) noexcept {
    return LeafAwaiter<std::remove_reference_t<Awaiter>>{awaiter, *this};
  }
};

}  // namespace detail
}  // namespace hal
