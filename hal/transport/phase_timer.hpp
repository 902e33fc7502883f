// One timer for all phases of a connection, so that a request costs no arming and disarming.
#pragma once

#include <hal/async/loop.hpp>

namespace hal::transport {

/// Moving the time on only stores it; the loop's timer follows when it fires too early.
class PhaseTimer : private Timer {
 public:
  explicit PhaseTimer(Loop& loop) noexcept : loop_{loop} {}
  virtual ~PhaseTimer() { loop_.remove(*this); }

  /// expired() is called `duration` from now, unless set or clear is called before.
  void set(Duration duration) {
    due_ = saturating_add(loop_.now(), duration);
    if (armed() && due() <= due_) return;
    loop_.remove(*this);
    loop_.add(*this, due_);
  }
  void clear() noexcept { due_ = kNoDeadline; }

 private:
  virtual void expired() noexcept = 0;

  void on_timer() noexcept final {
    if (due_ == kNoDeadline) return;
    if (loop_.now() < due_) return loop_.add(*this, due_);
    due_ = kNoDeadline;
    expired();
  }

  Loop& loop_;
  TimePoint due_ = kNoDeadline;
};

}  // namespace hal::transport
