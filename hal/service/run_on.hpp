// run_on: runs a coroutine on another worker and waits for it here.
#pragma once

#include <hal/net/run_on.hpp>
#include <hal/service/host.hpp>

namespace hal::service {

/// Runs `function(values...)` -> Task<Result<T>> in the worker's background scope, so under its
/// root Context (with the worker's tracer), not the caller's, and until the scope is stopped at the
/// latest. Resumes here with its result when it has ended. A stop of the caller is passed on to it.
/// An exception becomes INTERNAL. The values are copies that move to the other thread.
template <class F, class... Values>
auto run_on(const Worker& worker, F function, Values... values)
    -> std::invoke_result_t<F&, Values&&...> {
  return net::run_inside(*worker.loop, *worker.background, std::move(function),
                         std::move(values)...);
}

}  // namespace hal::service
