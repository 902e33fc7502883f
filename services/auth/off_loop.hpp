// The store, and what else blocks, from coroutines.
#pragma once

#include "work_queue.hpp"

#include <hal/async/offload.hpp>
#include <hal/telemetry/log.hpp>

#include <utility>

namespace auth {

/// offload(function, values...), with no_fault_of_callers().
template <class F, class... Values>
auto off_loop(F function, Values... values)
    -> decltype(hal::offload(std::move(function), std::move(values)...)) {
  co_return no_fault_of_callers(co_await hal::offload(std::move(function), std::move(values)...));
}

/// What the store answers stays. What went wrong with the database is logged, and told as
/// UNAVAILABLE and no more.
template <class T>
[[nodiscard]] hal::Result<T> told(hal::Result<T> result) {
  if (result) return result;
  switch (result.error().code()) {
    case hal::Code::kNotFound:
    case hal::Code::kAlreadyExists:
    case hal::Code::kCancelled:
    case hal::Code::kDeadlineExceeded:
      return result;
    default:
      hal::log::error("the users' database: {}", result.error().to_string());
      return hal::error(hal::Code::kUnavailable, "the users' database cannot be used at present");
  }
}

/// told(offload(function, values...)), for a function that reads from the store.
template <class F, class... Values>
auto read_store(F function, Values... values)
    -> decltype(hal::offload(std::move(function), std::move(values)...)) {
  co_return told(co_await hal::offload(std::move(function), std::move(values)...));
}

/// told(writes.run(function, values...)), for a function that writes to the store: one writes, and
/// the others wait elsewhere than in the threads of the pool, which read meanwhile.
template <class F, class... Values>
auto write_store(WorkQueue& writes, F function, Values... values)
    -> decltype(hal::offload(std::move(function), std::move(values)...)) {
  co_return told(co_await writes.run(std::move(function), std::move(values)...));
}

}  // namespace auth
