// From a test into a coroutine whose Context has a tracer.
#pragma once

#include <hal/async/testing/manual_loop.hpp>
#include <hal/telemetry/tracer.hpp>

#include <type_traits>
#include <utility>

namespace hal::telemetry::testing {

template <class F, class... Values>
auto with_tracer(Tracer* tracer, F function, Values... values)
    -> std::invoke_result_t<F&, Values&&...> {
  (co_await this_context()).tracer = tracer;
  co_return co_await function(std::move(values)...);
}

/// hal::testing::run with `tracer` in the Context.
template <class F, class... Values>
auto run_traced(Tracer& tracer, F function, Values... values) {
  return hal::testing::run(with_tracer<F, Values...>, &tracer, std::move(function),
                           std::move(values)...);
}

}  // namespace hal::telemetry::testing
