#include <hal/net/run_on.hpp>

namespace hal::net::detail {

void RemoteRun::start(const Context& context, std::coroutine_handle<> coroutine) {
  coroutine_ = coroutine;
  Context root{.loop = &away_,
               .deadline = context.deadline,
               .span = context.span,
               .forwarded = context.forwarded,
               .identity = context.identity};
  away_.post([self = shared_from_this(), root = std::move(root)] {
    self->scope_.emplace(root);
    self->spawn(*self->scope_);
  });
}

void RemoteRun::stop(const Status& reason) {
  away_.post([self = shared_from_this(), reason] {
    if (self->scope_) self->scope_->cancel(reason);
  });
}

void RemoteRun::ended() noexcept {
  // A turn later the scope has noticed as well.
  away_.post([self = shared_from_this()] {
    self->failure_ = self->scope_->first_error();
    self->scope_.reset();
    self->home_.post([self] { hal::detail::resume(self->coroutine_); });
  });
}

}  // namespace hal::net::detail
