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
    self->spawn(self->inside_ != nullptr ? *self->inside_ : self->own_.emplace(root));
  });
}

void RemoteRun::stop(const Status& reason) {
  away_.post([self = shared_from_this(), reason] {
    if (self->stop_) self->stop_->request(reason);
  });
}

void RemoteRun::ended() noexcept {
  // Now, not with the rest: the scope that it is attached to may end as soon as its child has.
  stop_.reset();
  // A turn later the scope has noticed as well.
  away_.post([self = shared_from_this()] {
    self->own_.reset();
    self->home_.post([self] { hal::detail::resume(self->coroutine_); });
  });
}

}  // namespace hal::net::detail
