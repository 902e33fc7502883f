// or_return: `auto user = co_await or_return(find(id));` goes on with the value, or ends the
// enclosing coroutine with the Status. The early return that Result needs, in one word.
#pragma once

#include <hal/async/task.hpp>

namespace hal {
namespace detail {

/// Ends `outer` with `status` as if by co_return, without running it: it stays suspended and its
/// owner destroys its frame, locals included. Returns who runs next.
template <class Outer>
std::coroutine_handle<> return_status(Outer& outer, Status status) {
  outer.return_value(error(std::move(status)));
  return outer.done();
}

template <class T, class Outer>
class OrReturnTaskAwaiter {
 public:
  using Inner = TaskPromise<Result<T>>;
  OrReturnTaskAwaiter(std::coroutine_handle<Inner> task, Outer& outer)
      : task_{task}, outer_{outer} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Outer> outer) const noexcept {
    task_.promise().resume_when_done(outer, &on_done);
    return task_;
  }
  T await_resume() const {
    outer_.enter();
    Result<T> result = task_.promise().take();
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }

 private:
  static std::coroutine_handle<> on_done(PromiseBase& done, std::coroutine_handle<> awaiter) {
    Result<T>* const result = static_cast<Inner&>(done).value();
    if (result == nullptr || result->has_value()) return awaiter;
    auto outer = std::coroutine_handle<Outer>::from_address(awaiter.address());
    return return_status(outer.promise(), std::move(result->error()));
  }
  std::coroutine_handle<Inner> task_;
  Outer& outer_;
};

template <class T, class Outer>
class OrReturnResultAwaiter {
 public:
  OrReturnResultAwaiter(Result<T>& result, Outer& outer) : result_{result}, outer_{outer} {}
  [[nodiscard]] bool await_ready() const noexcept { return result_.has_value(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Outer>) const {
    return return_status(outer_, std::move(result_.error()));
  }
  T await_resume() const {
    if constexpr (!std::is_void_v<T>) return std::move(*result_);
  }

 private:
  Result<T>& result_;
  Outer& outer_;
};

template <class T>
struct OrReturnTask {
  Task<Result<T>>& task;
  template <class Outer>
  auto await_in(Outer& outer) && noexcept {
    static_assert(
        requires { outer.return_value(error(Status{})); },
        "or_return needs an enclosing coroutine that returns Task<Result<...>>");
    const auto coroutine = task.coroutine();
    expects(!coroutine.promise().started(), "a task is awaited once");
    coroutine.promise().inherit_context(&outer.context());
    return OrReturnTaskAwaiter<T, Outer>{coroutine, outer};
  }
};

template <class T>
struct OrReturnResult {
  Result<T>& result;
  template <class Outer>
  auto await_in(Outer& outer) && noexcept {
    return OrReturnResultAwaiter<T, Outer>{result, outer};
  }
};

}  // namespace detail

/// Awaits the task; its value is the result of the await. On an error the enclosing coroutine
/// returns that Status at once, and only that coroutine: its awaiter sees an ordinary Result.
template <class T>
[[nodiscard]] detail::OrReturnTask<T> or_return(Task<Result<T>>&& task) noexcept {
  return {task};
}

/// The same for a Result that is already there: `co_await or_return(parse(text))`.
template <class T>
[[nodiscard]] detail::OrReturnResult<T> or_return(Result<T>&& result) noexcept {
  return {result};
}

}  // namespace hal
