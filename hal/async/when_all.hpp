// when_all: several tasks at once, all of their values or the first error.
#pragma once

#include <hal/async/scope.hpp>

namespace hal {
namespace detail {

template <class T>
Task<Result<>> run_into(Task<Result<T>>* task, std::optional<T>* out) {
  out->emplace(co_await or_return(std::move(*task)));
  co_return Result<>{};
}

template <class... T>
Task<Result<>> spawn_all(Scope& scope, std::tuple<Task<Result<T>>*...> tasks,
                         std::tuple<std::optional<T>...>* values) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (scope.spawn(run_into<T>, std::get<I>(tasks), &std::get<I>(*values)), ...);
  }(std::index_sequence_for<T...>{});
  co_return Result<>{};
}

/// An item of a range that is the caller's own is moved; the elements of a view are somebody
/// else's.
template <class Range, class Reference>
std::remove_cvref_t<Reference> take_item(Reference&& item) {
  using Item = std::remove_cvref_t<Reference>;
  if constexpr (std::ranges::view<Range>) {
    return Item(std::forward<Reference>(item));
  } else {
    return Item(std::move(item));
  }
}

template <class Item, class F, class T>
Task<Result<>> run_item(Item item, F* function, std::optional<T>* out) {
  out->emplace(co_await or_return((*function)(std::move(item))));
  co_return Result<>{};
}

template <class Range, class F, class T>
Task<Result<>> spawn_each(Scope& scope, Range* range, F* function,
                          std::vector<std::optional<T>>* values) {
  std::size_t index = 0;
  for (auto&& item : *range) {
    using Item = std::remove_cvref_t<decltype(item)>;
    std::optional<T>* const value = &(*values)[index++];
    scope.spawn(run_item<Item, F, T>, take_item<Range>(std::forward<decltype(item)>(item)),
                function, value);
  }
  co_return Result<>{};
}

}  // namespace detail

/// `auto [a, b] = co_await or_return(when_all(find(1), find(2)));` Runs all at once and joins all;
/// the first error cancels the others and is the result. The tasks are made in this expression.
template <class... T>
  requires(!std::is_void_v<T> && ...)
Task<Result<std::tuple<T...>>> when_all(Task<Result<T>>&&... tasks) {
  std::tuple<std::optional<T>...> values;
  co_await or_return(
      with_scope(detail::spawn_all<T...>, std::tuple<Task<Result<T>>*...>{&tasks...}, &values));
  co_return std::apply([](auto&... value) { return std::tuple<T...>{std::move(*value)...}; },
                       values);
}

/// Runs `function(item)` -> Task<Result<T>> for each item of a sized range at once; the values
/// come in the range's order. The first error cancels the others and is the result.
template <class Range, class F>
  requires std::ranges::sized_range<Range>
auto when_all(Range range, F function) -> Task<Result<std::vector<typename std::invoke_result_t<
    F&, std::ranges::range_value_t<Range>>::value_type::value_type>>> {
  using T = std::invoke_result_t<F&, std::ranges::range_value_t<Range>>::value_type::value_type;
  std::vector<std::optional<T>> values(std::ranges::size(range));
  co_await or_return(with_scope(detail::spawn_each<Range, F, T>, &range, &function, &values));
  std::vector<T> all;
  all.reserve(values.size());
  for (auto& value : values) all.push_back(std::move(*value));
  co_return all;
}

}  // namespace hal
