// block_on: from plain code into a coroutine. For main programs, tests and command-line tools.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/async/scope.hpp>

namespace hal {
namespace detail {

template <class T, class F, class... Values>
Task<> store_result(std::optional<T>* out, F function, Values... values) {
  out->emplace(co_await function(std::move(values)...));
}

}  // namespace detail

/// Runs `function(values...)` -> Task<Result<T>> on `loop` from this thread and returns what it
/// returned. Must not be called from a coroutine. An exception becomes INTERNAL.
template <class F, class... Values>
auto block_on(Loop& loop, F function, Values... values) {
  using T = std::invoke_result_t<F&, Values&&...>::value_type;
  static_assert(detail::is_result<T>::value, "block_on runs a function that returns a Result");
  expects(current_context() == nullptr, "block_on is not called from a coroutine");
  const Context root{.loop = &loop};
  Scope scope{root};
  std::optional<T> result;
  scope.spawn(detail::store_result<T, F, Values...>, &result, std::move(function),
              std::move(values)...);
  loop.run_until([&scope] { return scope.active() == 0; });
  if (!result) return T{error(scope.first_error())};
  return std::move(*result);
}

}  // namespace hal
