// Calls without a server or a connection, for tests of layers.
#pragma once

#include <hal/service/layer.hpp>

#include <functional>
#include <utility>

namespace hal::service::testing {

/// The end of a chain of layers: counts, and runs `function` if there is one.
class TestTerminal final : public Terminal {
 public:
  using Function = std::function<Task<>(Call&)>;
  TestTerminal() = default;
  /// No capturing lambda that is a coroutine itself: it calls one.
  explicit TestTerminal(Function function) : function_{std::move(function)} {}

  Task<> run(Call& call) override {
    ++calls;
    if (function_) co_await function_(call);
  }

  int calls = 0;

 private:
  Function function_;
};

/// Runs a call through the layers; all must outlive the Task.
inline Task<> run_call(const Layers& layers, Terminal& terminal, Call& call) {
  co_await Next{layers, terminal}(call);
}

/// The same as a test body, for testing::run and run_traced.
inline Task<Result<>> run_call_body(const Layers* layers, Terminal* terminal, Call* call) {
  co_await Next{*layers, *terminal}(*call);
  co_return Result<>{};
}

}  // namespace hal::service::testing
