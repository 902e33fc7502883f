// Timers of a loop: intrusive, so that arming and disarming one costs no allocation.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace hal {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

inline constexpr TimePoint kNoDeadline = TimePoint::max();

/// now + duration, kNoDeadline when that does not fit.
[[nodiscard]] constexpr TimePoint saturating_add(TimePoint now, Duration duration) noexcept {
  return duration > kNoDeadline - now ? kNoDeadline : now + duration;
}

class TimerQueue;

/// Derive, and add to a loop: on_timer runs once, on the loop's thread, not before the time
/// asked for. Must not be destroyed while it is in a loop.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  [[nodiscard]] bool armed() const noexcept { return index_ != kNotQueued; }
  /// What it was armed for last.
  [[nodiscard]] TimePoint due() const noexcept { return due_; }

 protected:
  ~Timer() = default;

 private:
  friend class TimerQueue;
  virtual void on_timer() noexcept = 0;

  static constexpr std::size_t kNotQueued = static_cast<std::size_t>(-1);
  TimePoint due_{};
  std::size_t index_ = kNotQueued;
};

/// A binary heap of timers that know their place in it. Not thread-safe.
class TimerQueue {
 public:
  /// Precondition: the timer is not armed. It must live until it has fired or is removed.
  void add(Timer& timer, TimePoint due);
  /// Nothing happens for a timer that is not queued.
  void remove(Timer& timer) noexcept;
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  /// kNoDeadline when empty.
  [[nodiscard]] TimePoint next_due() const noexcept;
  /// Fires what is due, in order of time, at most as many as were queued; returns how many.
  std::size_t run_due(TimePoint now);

 private:
  void place(std::size_t index, Timer* timer) noexcept;
  void sift_up(std::size_t index) noexcept;
  void sift_down(std::size_t index) noexcept;
  std::vector<Timer*> heap_;
};

}  // namespace hal
