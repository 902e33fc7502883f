// A loop for tests: time stands still until the test, or an idle loop, moves it on.
#pragma once

#include <hal/async/block_on.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>

namespace hal::testing {

/// Deterministic: work runs in the order it was posted; when nothing is left to run, the clock
/// jumps to the next timer. post is thread-safe, as in any loop.
class ManualLoop final : public Loop {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  void post(Work work) override;
  /// Aborts with a message when nothing can make `done` true any more: a deadlock in the test.
  void run_until(const std::function<bool()>& done) override;

  /// Runs what is ready, without moving the clock.
  void run_ready();
  /// Moves the clock on, firing timers in order, and runs what becomes ready.
  void advance(Duration duration);

 private:
  void wake_at(TimePoint) override {}
  bool run_one();

  TimePoint now_{std::chrono::hours{1}};
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Work> queue_;
};

/// block_on over a ManualLoop of its own.
template <class F, class... Values>
auto run(F function, Values... values) {
  ManualLoop loop;
  return block_on(loop, std::move(function), std::move(values)...);
}

}  // namespace hal::testing
