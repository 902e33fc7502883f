// run_on: awaits a coroutine that runs on another thread's loop.
#pragma once

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>

#include <memory>
#include <optional>

namespace hal::net {
namespace detail {

/// What the two loops share. Only `away`'s thread touches the scopes, only `home`'s the coroutine.
class RemoteRun : public std::enable_shared_from_this<RemoteRun> {
 public:
  /// `inside` belongs to `away`; null: the work gets a scope of its own.
  RemoteRun(Loop& home, Loop& away, Scope* inside) noexcept
      : home_{home}, away_{away}, inside_{inside} {}
  virtual ~RemoteRun() = default;

  /// Home: has the work spawned on the other loop; `coroutine` is resumed when it has ended.
  void start(const Context& context, std::coroutine_handle<> coroutine);
  /// Home: stops what runs there.
  void stop(const Status& reason);
  /// Away: what the work is stopped by, when its scope is or the caller.
  [[nodiscard]] StopSource* stop_with(StopSource* scope) { return &stop_.emplace(scope); }
  /// Away: called when the work has ended, while its scope still counts it as active.
  void ended() noexcept;

 private:
  virtual void spawn(Scope& scope) = 0;

  Loop& home_;
  Loop& away_;
  Scope* const inside_;
  std::coroutine_handle<> coroutine_;
  std::optional<Scope> own_;
  std::optional<StopSource> stop_;
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
  RemoteCall(Loop& home, Loop& away, Scope* inside, F function, Values... values)
      : RemoteRun{home, away, inside},
        function_{std::move(function)},
        values_{std::move(values)...} {}
  std::optional<T> result;

 private:
  static Task<> run(RemoteCall* call) {
    const RemoteEnd end{call};
    Context context = co_await this_context();
    context.stop = call->stop_with(context.stop);
    try {
      call->result.emplace(
          co_await run_in(context, std::apply(call->function_, std::move(call->values_))));
    } catch (...) {
      call->result.emplace(error(status_of_current_exception()));
    }
  }
  void spawn(Scope& scope) override { scope.spawn(run, this); }

  F function_;
  std::tuple<Values...> values_;
};

template <class F, class... Values>
auto run_remotely(Loop* loop, Scope* inside, F function, Values... values)
    -> std::invoke_result_t<F&, Values&&...> {
  using T = std::invoke_result_t<F&, Values&&...>::value_type;
  static_assert(hal::detail::is_result<T>::value, "run_on runs a function that returns a Result");
  Context& context = co_await this_context();
  const auto call = std::make_shared<RemoteCall<T, F, Values...>>(
      *context.loop, *loop, inside, std::move(function), std::move(values)...);
  co_await RemoteAwaiter{*call};
  co_return std::move(*call->result);
}

}  // namespace detail

/// Runs `function(values...)` -> Task<Result<T>> on `loop`, which another thread runs, and resumes
/// here with its result. A stop is passed on to it; the call returns when it has ended, not
/// before. It gets the caller's deadline, span, forwarded headers and identity, but no tracer: that
/// belongs to a thread. An exception becomes INTERNAL. The values move to the other thread.
template <class F, class... Values>
auto run_on(Loop& loop, F function, Values... values) -> std::invoke_result_t<F&, Values&&...> {
  return detail::run_remotely(&loop, nullptr, std::move(function), std::move(values)...);
}

/// The same as a child of `scope`, which belongs to `loop`: under its Context and nothing of the
/// caller's but the stop. It is stopped with the scope too; its failure does not stop the scope.
template <class F, class... Values>
auto run_inside(Loop& loop, Scope& scope, F function, Values... values)
    -> std::invoke_result_t<F&, Values&&...> {
  return detail::run_remotely(&loop, &scope, std::move(function), std::move(values)...);
}

}  // namespace hal::net
