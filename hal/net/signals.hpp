// Signals as values: SIGTERM in a coroutine.
#pragma once

#include <hal/async/stop.hpp>
#include <hal/async/task.hpp>
#include <hal/net/io_loop.hpp>

#include <coroutine>
#include <initializer_list>
#include <memory>

namespace hal::net {

/// Takes these signals from the whole process as long as it lives; they no longer end it. A signal
/// that arrives between two calls of next() is kept. One coroutine waits at a time. Not
/// thread-safe, and must not outlive its loop.
class Signals {
 public:
  class Awaiter;
  /// Precondition: the numbers are signals that can be caught.
  Signals(IoLoop& loop, std::initializer_list<int> numbers);
  ~Signals();

  /// `Result<int> number = co_await signals.next();` An error is the reason of a stop.
  [[nodiscard]] Awaiter next() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class [[nodiscard]] Signals::Awaiter final : private StopCallback {
 public:
  explicit Awaiter(Impl& impl) noexcept : impl_{impl} {}
  ~Awaiter() = default;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine, Context& context);
  Result<int> await_resume() { return std::move(result_); }

 private:
  friend struct Impl;
  void on_stop(const Status& reason) noexcept override;
  void complete(Result<int> result) noexcept;

  Impl& impl_;
  std::coroutine_handle<> coroutine_;
  Status stop_reason_;
  Result<int> result_{};
};

}  // namespace hal::net
