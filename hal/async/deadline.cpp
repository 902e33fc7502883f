#include <hal/async/deadline.hpp>

namespace hal {

DeadlineContext::DeadlineContext(const Context& outer, TimePoint deadline)
    : stop_{outer.stop}, context_{outer} {
  context_.stop = &stop_;
  // An earlier deadline of the caller is enforced by whoever set it.
  if (deadline < outer.deadline) {
    context_.deadline = deadline;
    context_.loop->add(*this, deadline);
  }
}

DeadlineContext::~DeadlineContext() { context_.loop->remove(*this); }

void DeadlineContext::on_timer() noexcept {
  stop_.request({Code::kDeadlineExceeded, "deadline exceeded"});
}

}  // namespace hal
