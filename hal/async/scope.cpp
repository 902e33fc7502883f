#include <hal/async/scope.hpp>

#include <hal/async/loop.hpp>

namespace hal {

Scope::Scope(const Context& context) : stop_{context.stop}, context_{context} {
  context_.stop = &stop_;
}

Scope::~Scope() { expects(active_ == 0, "a scope is joined before it ends"); }

void Scope::cancel(Status reason) noexcept {
  cancelled_ = cancelled_ || !stop_.requested();
  stop_.request(std::move(reason));
}

Context Scope::child_context() const {
  Context context = context_;
  const Context* const here = current_context();
  if (here != nullptr && here->stop == &stop_) context.span = here->span;
  context.recorded = nullptr;  // the parent's span may end first; its ids are in `span`
  return context;
}

void Scope::fail(Status status) noexcept {
  if (cancelled_ && status == stop_.reason()) return;
  if (first_error_.ok()) first_error_ = status;
  stop_.request(std::move(status));
}

Status status_of_current_exception() noexcept {
  try {
    throw;
  } catch (const std::exception& exception) {
    return {Code::kInternal, std::string{"unexpected exception: "} + exception.what()};
  } catch (...) {
    return {Code::kInternal, "unexpected exception of an unknown type"};
  }
}

namespace detail {

void Child::start() const {
  const Context* const saved = current_context_slot;
  coroutine_.promise().enter();
  coroutine_.resume();
  current_context_slot = saved;
}

std::coroutine_handle<> Child::child_done(Scope& scope) noexcept {
  if (--scope.active_ > 0 || !scope.joiner_) return std::noop_coroutine();
  return std::exchange(scope.joiner_, nullptr);
}

}  // namespace detail
}  // namespace hal
