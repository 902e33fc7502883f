// run_on: awaits a coroutine that runs on another thread's loop.
#pragma once

#include <hal/async/loop.hpp>
#include <hal/async/scope.hpp>

#include <memory>
#include <optional>

namespace hal::net {
namespace detail {

/// What the two loops share. Only `away`'s thread touches the scope, only `home`'s the coroutine.
class RemoteRun : public std::enable_shared_from_this<RemoteRun> {
 public:
  RemoteRun(Loop& home, Loop& away) noexcept : home_{home}, away_{away} {}
  virtual ~RemoteRun() = default;

  /// Home: has the work spawned on the other loop; `coroutine` is resumed when it has ended.
  void start(const Context& context, std::coroutine_handle<> coroutine);
  /// Home: stops what runs there.
  void stop(const Status& reason);
  /// Away: called when the work has ended, while its scope still counts it as active.
  void ended() noexcept;
  /// The scope's error; the work ended without a result because of it.
  [[nodiscard]] const Status& failure() const noexcept { return failure_; }

 private:
  virtual void spawn(Scope& scope) = 0;

  Loop& home_;
  Loop& away_;
  std::coroutine_handle<> coroutine_;
  std::optional<Scope> scope_;
  Status failure_;
};

class RemoteAwaiter final : private StopCallback {
 public:
  explicit RemoteAwaiter(RemoteRun& run) noexcept : run_{run} {}
  ~RemoteAwaiter() = default;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine, Context& context) {
    run_.start(context, coroutine);
    attach(context.stop);
  }
  void await_resume() const noexcept {}

 private:
  void on_stop(const Status& reason) noexcept override { run_.stop(reason); }
  RemoteRun& run_;
};

/// Calls ended() on every way out.
struct RemoteEnd {
  explicit RemoteEnd(RemoteRun* ending) noexcept : run{ending} {}
  RemoteEnd(const RemoteEnd&) = delete;
  RemoteEnd& operator=(const RemoteEnd&) = delete;
  ~RemoteEnd() { run->ended(); }
  RemoteRun* run;
};

template <class T, class F, class... Values>
class RemoteCall final : public RemoteRun {
 public:
  RemoteCall(Loop& home, Loop& away, F function, Values... values)
      : RemoteRun{home, away}, function_{std::move(function)}, values_{std::move(values)...} {}
  std::optional<T> result;

 private:
  static Task<> run(RemoteCall* call) {
    const RemoteEnd end{call};
    call->result.emplace(co_await std::apply(call->function_, std::move(call->values_)));
  }
  void spawn(Scope& scope) override { scope.spawn(run, this); }

  F function_;
  std::tuple<Values...> values_;
};

}  // namespace detail

/// Runs `function(values...)` -> Task<Result<T>> on `loop`, which another thread runs, and resumes
/// here with its result. A stop is passed on to it; the call returns when it has ended, not
/// before. It gets the caller's deadline, span, forwarded headers and identity, but no tracer: that
/// belongs to a thread. An exception becomes INTERNAL.
template <class F, class... Values>
auto run_on(Loop& loop, F function, Values... values) -> std::invoke_result_t<F&, Values&&...> {
  using T = std::invoke_result_t<F&, Values&&...>::value_type;
  static_assert(hal::detail::is_result<T>::value, "run_on runs a function that returns a Result");
  Context& context = co_await this_context();
  const auto call = std::make_shared<detail::RemoteCall<T, F, Values...>>(
      *context.loop, loop, std::move(function), std::move(values)...);
  co_await detail::RemoteAwaiter{*call};
  if (!call->result) co_return error(call->failure());
  co_return std::move(*call->result);
}

}  // namespace hal::net
