#include <hal/async/wait_queue.hpp>

namespace hal {

bool WaitQueue::Waiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  if (context.stop != nullptr && context.stop->requested()) {
    reason_ = context.stop->reason();
    return false;
  }
  loop_ = context.loop;
  coroutine_ = coroutine;
  previous_ = queue_.last_;
  (previous_ != nullptr ? previous_->next_ : queue_.first_) = this;
  queue_.last_ = this;
  attach(context.stop);
  return true;
}

void WaitQueue::Waiter::unlink() noexcept {
  (previous_ != nullptr ? previous_->next_ : queue_.first_) = next_;
  (next_ != nullptr ? next_->previous_ : queue_.last_) = previous_;
  previous_ = next_ = nullptr;
}

void WaitQueue::Waiter::on_stop(const Status& reason) noexcept {
  reason_ = reason;
  unlink();
  loop_->resume_soon(coroutine_);
}

bool WaitQueue::wake_one() noexcept {
  Waiter* const waiter = first_;
  if (waiter == nullptr) return false;
  waiter->unlink();
  waiter->release();
  waiter->loop_->resume_soon(waiter->coroutine_);
  return true;
}

namespace detail {

bool SleepAwaiter::await_suspend(std::coroutine_handle<> coroutine, Context& context) {
  if (context.stop != nullptr && context.stop->requested()) {
    reason_ = context.stop->reason();
    return false;
  }
  loop_ = context.loop;
  coroutine_ = coroutine;
  loop_->add(*this, saturating_add(loop_->now(), duration_));
  attach(context.stop);
  return true;
}

void SleepAwaiter::on_timer() noexcept {
  release();
  loop_->resume_soon(coroutine_);
}

void SleepAwaiter::on_stop(const Status& reason) noexcept {
  reason_ = reason;
  loop_->remove(*this);
  loop_->resume_soon(coroutine_);
}

}  // namespace detail
}  // namespace hal
