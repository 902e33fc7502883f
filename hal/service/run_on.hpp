// run_on: runs a coroutine on another worker and waits for it here.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/async/scope.hpp>
#include <hal/service/host.hpp>

namespace hal::service {
namespace detail {

template <class T, class F, class... Values>
Task<> run_there(std::optional<T>* out, Loop* home, std::coroutine_handle<> waiter, F function,
                 Values... values) {
  try {
    out->emplace(co_await function(std::move(values)...));
  } catch (...) {
    out->emplace(error(status_of_current_exception()));
  }
  home->post([waiter] { hal::detail::resume(waiter); });
}

template <class T, class F, class... Values>
struct RunOnAwaiter {
  const Worker& worker;
  F function;
  std::tuple<Values...> values;
  std::optional<T> result{};

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter, Context& context) {
    worker.loop->post([this, waiter, home = context.loop] {
      std::apply(
          [&](auto&... each) {
            worker.background->spawn(run_there<T, F, Values...>, &result, home, waiter,
                                     std::move(function), std::move(each)...);
          },
          values);
    });
  }
  T await_resume() { return std::move(*result); }
};

}  // namespace detail

/// Runs `function(values...)` -> Task<Result<T>> in the worker's background scope, so under its
/// root Context, not the caller's: a stop of the caller does not reach it. Resumes here with its
/// result. An exception becomes INTERNAL. The values are copies that move to the other thread.
template <class F, class... Values>
[[nodiscard]] auto run_on(const Worker& worker, F function, Values... values) {
  using T = std::invoke_result_t<F&, Values&&...>::value_type;
  return detail::RunOnAwaiter<T, F, Values...>{worker, std::move(function),
                                               std::tuple<Values...>{std::move(values)...}};
}

}  // namespace hal::service
