// with_scope: the one way to run work beside the caller. It always joins what it started.
#pragma once

#include <hal/async/or_return.hpp>

#include <tuple>

namespace hal {

class Scope;

namespace detail {

/// A spawned child: owns its Context and its arguments, reports to its scope, frees itself.
class Child {
 public:
  class promise_type final : public AwaitingPromise<promise_type> {
   public:
    template <class... Args>
    promise_type(Scope& scope, Context& context, Args&...) noexcept : scope_{&scope} {
      inherit_context(&context);
    }
    Child get_return_object() noexcept {
      return Child{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept {
      struct Final {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(
            std::coroutine_handle<promise_type> finished) const noexcept {
          Scope& scope = *finished.promise().scope_;
          finished.destroy();
          return child_done(scope);
        }
        void await_resume() const noexcept {}
      };
      return Final{};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }  // run_child catches everything

   private:
    Scope* scope_;
  };

  /// Runs the child until it first suspends.
  void start() const;

 private:
  explicit Child(std::coroutine_handle<promise_type> coroutine) : coroutine_{coroutine} {}
  static std::coroutine_handle<> child_done(Scope& scope) noexcept;
  std::coroutine_handle<promise_type> coroutine_;
};

}  // namespace detail

/// Children of one with_scope call. Belongs to its loop: not thread-safe.
class Scope {
 public:
  /// Copies `context`, whose loop and stop must outlive the scope. No child may be left at its end
  /// (a contract): with_scope and join() see to that.
  explicit Scope(const Context& context);
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  /// Runs `function(values...)`, which returns Task<> or Task<Result<>>, beside the caller. It
  /// starts at once and runs until its first suspension. The values are decayed copies that live
  /// as long as the child; its Context is a copy of the scope's, inside the span that is
  /// current in the scope's function. A child's error, and an exception
  /// (as INTERNAL), stops the whole scope and becomes with_scope's result.
  template <class F, class... Values>
  void spawn(F function, Values... values);

  /// Stops what runs in the scope, and what will be spawned in it. A deliberate end: children
  /// that return this reason do not make with_scope fail.
  void cancel(Status reason) noexcept;

  /// How many children have not ended yet.
  [[nodiscard]] std::size_t active() const noexcept { return active_; }
  /// What the children's Contexts are copies of. Lives as long as the scope.
  [[nodiscard]] Context& context() noexcept { return context_; }

  /// For with_scope: awaited, it resumes when no child is left.
  [[nodiscard]] auto join() noexcept;
  /// OK while nothing has failed; what cancel() ended is no failure.
  [[nodiscard]] const Status& first_error() const noexcept { return first_error_; }
  /// Notes the error if it is the first one, and stops the scope with it.
  void fail(Status status) noexcept;

 private:
  friend class detail::Child;
  /// The scope's Context with the span of the code that spawns, where that is the scope's own
  /// code: a request that spawns in a background scope must not lend it its span.
  [[nodiscard]] Context child_context() const;

  StopSource stop_;
  Context context_;
  std::size_t active_ = 0;
  std::coroutine_handle<> joiner_;
  Status first_error_;
  bool cancelled_ = false;  ///< by its owner, before any failure
};

/// The Status of the exception being handled: INTERNAL with its text.
[[nodiscard]] Status status_of_current_exception() noexcept;

namespace detail {

template <class F, class... Values>
Child run_child(Scope& scope, Context, F function, Values... values) {
  try {
    using Outcome = std::invoke_result_t<F&, Values&&...>::value_type;
    if constexpr (is_result<Outcome>::value) {
      auto outcome = co_await function(std::move(values)...);
      if (!outcome) scope.fail(std::move(outcome.error()));
    } else {
      co_await function(std::move(values)...);
    }
  } catch (...) {
    scope.fail(status_of_current_exception());
  }
}

}  // namespace detail

template <class F, class... Values>
void Scope::spawn(F function, Values... values) {
  ++active_;
  detail::run_child(*this, child_context(), std::move(function), std::move(values)...).start();
}

inline auto Scope::join() noexcept {
  struct Awaiter {
    Scope& scope;
    [[nodiscard]] bool await_ready() const noexcept { return scope.active_ == 0; }
    void await_suspend(std::coroutine_handle<> joiner) const noexcept { scope.joiner_ = joiner; }
    void await_resume() const noexcept {}
  };
  return Awaiter{*this};
}

/// Runs `function(scope, values...)` -> Task<Result<T>> with a new scope in place, then joins the
/// scope's children on every way out. When the function fails or throws, or a child fails, the
/// rest is cancelled first; the result is the first error. An exception is rethrown after joining.
template <class F, class... Values>
auto with_scope(F function, Values... values) -> std::invoke_result_t<F&, Scope&, Values&&...> {
  Scope scope{co_await this_context()};
  std::exception_ptr thrown;
  using Outcome = std::invoke_result_t<F&, Scope&, Values&&...>::value_type;
  std::optional<Outcome> outcome;
  {
    auto& promise = co_await detail::this_promise();
    Context& outer = promise.context();
    promise.use_context(scope.context());
    try {
      outcome.emplace(co_await function(scope, std::move(values)...));
    } catch (...) {
      thrown = std::current_exception();
    }
    promise.use_context(outer);
  }
  if (thrown) scope.cancel({Code::kCancelled, "the scope's function threw"});
  if (outcome && !outcome->has_value()) scope.fail(outcome->error());
  co_await scope.join();
  if (thrown) std::rethrow_exception(thrown);
  if (!scope.first_error().ok()) co_return error(scope.first_error());
  co_return std::move(*outcome);
}

}  // namespace hal
