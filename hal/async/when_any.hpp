// when_any: several tasks at once, and the outcome of the first one to end.
#pragma once

#include <hal/async/when_all.hpp>

#include <variant>

namespace hal {

/// Which item of a range was first, and what came of it.
template <class T>
struct First {
  std::size_t index = 0;
  T value{};
};

namespace detail {

/// What stands for the value of a Result<>.
template <class T>
using ValueOrNothing = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class... T>
using AnyOf = std::variant<ValueOrNothing<T>...>;

/// Runs one of them. Whoever ends first writes `first` and stops the others.
template <class Value, class T, class MakeValue>
Task<> race(Task<Result<T>>&& task, Scope* scope, std::optional<Result<Value>>* first,
            MakeValue make_value) {
  std::optional<Result<T>> own;
  try {
    own.emplace(co_await std::move(task));
  } catch (...) {
    own.emplace(error(status_of_current_exception()));
  }
  if (first->has_value()) co_return;
  if (!*own) {
    first->emplace(error(std::move(own->error())));
  } else if constexpr (std::is_void_v<T>) {
    first->emplace(make_value(std::monostate{}));
  } else {
    first->emplace(make_value(std::move(**own)));
  }
  scope->cancel({Code::kCancelled, "another one was first"});
}

template <std::size_t I, class Value, class T>
Task<> race_task(Task<Result<T>>* task, Scope* scope, std::optional<Result<Value>>* first) {
  co_await race(std::move(*task), scope, first, [](auto&& value) {
    return Value{std::in_place_index<I>, std::forward<decltype(value)>(value)};
  });
}

template <class... T>
Task<Result<>> race_tasks(Scope& scope, std::tuple<Task<Result<T>>*...> tasks,
                          std::optional<Result<AnyOf<T...>>>* first) {
  const auto start = [&]<std::size_t I>() {
    if (first->has_value()) return;
    scope.spawn(race_task<I, AnyOf<T...>, std::tuple_element_t<I, std::tuple<T...>>>,
                std::get<I>(tasks), &scope, first);
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (start.template operator()<I>(), ...);
  }(std::index_sequence_for<T...>{});
  co_return Result<>{};
}

template <class Item, class F, class Value>
Task<> race_item(Item item, std::size_t index, F* function, Scope* scope,
                 std::optional<Result<First<Value>>>* first) {
  co_await race((*function)(std::move(item)), scope, first, [index](auto&& value) {
    return First<Value>{index, std::forward<decltype(value)>(value)};
  });
}

template <class Range, class F, class Value>
Task<Result<>> race_each(Scope& scope, Range* range, F* function,
                         std::optional<Result<First<Value>>>* first) {
  std::size_t index = 0;
  for (auto&& item : *range) {
    using Item = std::remove_cvref_t<decltype(item)>;
    if (first->has_value()) break;
    scope.spawn(race_item<Item, F, Value>, take_item<Range>(std::forward<decltype(item)>(item)),
                index++, function, &scope, first);
  }
  co_return Result<>{};
}

}  // namespace detail

/// Runs all at once. The first one to end decides, with its value or its error; the others are
/// stopped (CANCELLED) and joined, and what they return is dropped. So an error comes through when
/// it is there first: tasks that may fail early are no alternatives to each other. The index of
/// the variant is that of the task; a Result<> leaves std::monostate. The tasks are made in this
/// expression, and start in their order: those behind one that ends at once never do.
///
///     auto next = co_await or_return(when_any(queue.pop(), wait_on(changed)));
///     if (next.index() == 1) ...
template <class... T>
  requires(sizeof...(T) > 0)
Task<Result<detail::AnyOf<T...>>> when_any(Task<Result<T>>&&... tasks) {
  std::optional<Result<detail::AnyOf<T...>>> first;
  co_await or_return(
      with_scope(detail::race_tasks<T...>, std::tuple<Task<Result<T>>*...>{&tasks...}, &first));
  co_return std::move(*first);
}

/// The same for `function(item)` -> Task<Result<T>> of each item of a range. INVALID_ARGUMENT: the
/// range is empty.
template <class Range, class F>
  requires std::ranges::input_range<Range>
auto when_any(Range range, F function)
    -> Task<Result<First<detail::ValueOrNothing<typename std::invoke_result_t<
        F&, std::ranges::range_value_t<Range>>::value_type::value_type>>>> {
  using T = std::invoke_result_t<F&, std::ranges::range_value_t<Range>>::value_type::value_type;
  using Value = detail::ValueOrNothing<T>;
  std::optional<Result<First<Value>>> first;
  co_await or_return(with_scope(detail::race_each<Range, F, Value>, &range, &function, &first));
  if (!first) co_return error(Code::kInvalidArgument, "when_any has nothing to run");
  co_return std::move(*first);
}

}  // namespace hal
