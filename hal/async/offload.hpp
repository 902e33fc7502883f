// offload: runs what blocks on another thread, and resumes on this one.
#pragma once

#include <hal/async/scope.hpp>
#include <hal/async/thread_pool.hpp>

#include <hal/async/loop.hpp>

namespace hal {
namespace detail {

/// Hands `work` to the loop's pool and resumes when it has run. False: the pool's queue is full.
class OffloadAwaiter {
 public:
  explicit OffloadAwaiter(ThreadPool::Work work) : work_{std::move(work)} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  [[nodiscard]] bool await_resume() const noexcept { return accepted_; }

 private:
  ThreadPool::Work work_;
  bool accepted_ = true;
};

template <class R>
struct OffloadOutcome {
  using type = Result<R>;
};
template <class R>
struct OffloadOutcome<Result<R>> {
  using type = Result<R>;
};

}  // namespace detail

/// Runs `function(values...)`, a plain callable, on the loop's offload pool: `auto hash = co_await
/// offload(hash_password, password)`. Result<R> of what it returns; a Result stays as it is. An
/// exception becomes INTERNAL, a full queue RESOURCE_EXHAUSTED. A stop does not interrupt it: the
/// values live in this coroutine, which waits for the end. A loop without a pool is a contract
/// failure.
template <class F, class... Values>
auto offload(F function, Values... values)
    -> Task<typename detail::OffloadOutcome<std::invoke_result_t<F&, Values&...>>::type> {
  using R = std::invoke_result_t<F&, Values&...>;
  using Outcome = detail::OffloadOutcome<R>::type;
  std::optional<Outcome> outcome;
  const bool accepted = co_await detail::OffloadAwaiter{[&] {
    try {
      if constexpr (std::is_void_v<R>) {
        function(values...);
        outcome.emplace();
      } else {
        outcome.emplace(function(values...));
      }
    } catch (...) {
      outcome.emplace(error(status_of_current_exception()));
    }
  }};
  if (!accepted) {
    co_return error(Code::kResourceExhausted, "the queue of blocking work is full");
  }
  co_return std::move(*outcome);
}

}  // namespace hal
