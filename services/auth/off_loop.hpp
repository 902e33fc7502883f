// The store from coroutines.
#pragma once

#include "store.hpp"

#include <hal/async/offload.hpp>
#include <hal/telemetry/log.hpp>

#include <utility>

namespace auth {

/// offload(function, values...) for a function that uses the store. What went wrong with the
/// database is logged; the error says UNAVAILABLE and no more. What the store answers stays.
template <class F, class... Values>
auto in_store(F function, Values... values)
    -> decltype(hal::offload(std::move(function), std::move(values)...)) {
  auto result = co_await hal::offload(std::move(function), std::move(values)...);
  if (result) co_return result;
  const hal::Code code = result.error().code();
  if (code == hal::Code::kNotFound || code == hal::Code::kAlreadyExists) co_return result;
  hal::log::error("the users' database: {}", result.error().to_string());
  co_return hal::error(hal::Code::kUnavailable, "the users' database cannot be used at present");
}

}  // namespace auth
