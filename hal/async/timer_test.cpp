#include <hal/async/timer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>

#include <deque>
#include <random>

namespace hal {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

class Noting final : public Timer {
 public:
  explicit Noting(std::vector<TimePoint>* log) : log_{log} {}
  Loop* again = nullptr;

 private:
  void on_timer() noexcept override {
    log_->push_back(due());
    if (again != nullptr) std::exchange(again, nullptr)->add(*this, due() + 1s);
  }
  std::vector<TimePoint>* log_;
};

class TimerQueueTest : public ::testing::Test {
 protected:
  Noting& add(TimePoint due) {
    Noting& timer = timers_.emplace_back(&log_);
    queue_.add(timer, due);
    return timer;
  }
  std::vector<TimePoint> log_;
  std::deque<Noting> timers_;
  TimerQueue queue_;
};

TEST_F(TimerQueueTest, FiresWhatIsDueInOrder) {
  for (const auto seconds : {5, 1, 4, 2, 3}) add(kStart + std::chrono::seconds{seconds});
  EXPECT_EQ(queue_.next_due(), kStart + 1s);
  EXPECT_EQ(queue_.run_due(kStart), 0);
  EXPECT_EQ(queue_.run_due(kStart + 3s), 3);
  EXPECT_THAT(log_, ::testing::ElementsAre(kStart + 1s, kStart + 2s, kStart + 3s));
  EXPECT_EQ(queue_.next_due(), kStart + 4s);
  EXPECT_EQ(queue_.run_due(kNoDeadline), 2);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.next_due(), kNoDeadline);
}

TEST_F(TimerQueueTest, RemovesFromAnyPlace) {
  std::mt19937 random{4711};
  std::vector<TimePoint> expected;
  for (int i = 0; i < 500; ++i) {
    const TimePoint due = kStart + std::chrono::seconds{random() % 100};
    Noting& timer = add(due);
    EXPECT_TRUE(timer.armed());
    expected.push_back(due);
  }
  std::vector<TimePoint> kept;
  for (std::size_t i = 0; i < timers_.size(); ++i) {
    if (random() % 2 == 0) {
      queue_.remove(timers_[i]);
      queue_.remove(timers_[i]);
      EXPECT_FALSE(timers_[i].armed());
    } else {
      kept.push_back(expected[i]);
    }
  }
  std::ranges::sort(kept);
  queue_.run_due(kNoDeadline);
  EXPECT_EQ(log_, kept);
}

class Insisting final : public Timer {
 public:
  explicit Insisting(TimerQueue* queue) : queue_{queue} {}

 private:
  void on_timer() noexcept override {
    if (++fired_ < 100) queue_->add(*this, due());
  }
  TimerQueue* queue_;
  int fired_ = 0;
};

TEST_F(TimerQueueTest, LetsTheLoopTurnBetweenRoundsOfATimerThatIsAlwaysDue) {
  Insisting insisting{&queue_};
  queue_.add(insisting, kStart);
  EXPECT_EQ(queue_.run_due(kStart), 1);
  EXPECT_EQ(queue_.next_due(), kStart);
  queue_.remove(insisting);
}

TEST(TimerQueueDeathTest, ArmsATimerOnce) {
  std::vector<TimePoint> log;
  Noting timer{&log};
  TimerQueue queue;
  queue.add(timer, kStart);
  EXPECT_DEATH(queue.add(timer, kStart), "a timer is armed once at a time");
}

TEST(Timer, SaturatesAtNoDeadline) {
  EXPECT_EQ(saturating_add(kStart, 2h), TimePoint{3h});
  EXPECT_EQ(saturating_add(kStart, -1h), TimePoint{});
  EXPECT_EQ(saturating_add(kStart, Duration::max()), kNoDeadline);
  EXPECT_EQ(saturating_add(kNoDeadline, 0s), kNoDeadline);
}

TEST(LoopTimers, FireWhenTheClockReachesThem) {
  testing::ManualLoop loop;
  std::vector<TimePoint> log;
  Noting later{&log};
  Noting sooner{&log};
  Noting never{&log};
  const TimePoint start = loop.now();
  loop.add(later, start + 2s);
  loop.add(sooner, start + 1s);
  loop.add(never, start + 3s);
  loop.remove(never);
  loop.advance(1s - 1ns);
  EXPECT_TRUE(log.empty());
  loop.advance(1ns);
  EXPECT_THAT(log, ::testing::ElementsAre(start + 1s));
  loop.advance(1h);
  EXPECT_THAT(log, ::testing::ElementsAre(start + 1s, start + 2s));
}

TEST(LoopTimers, MayBeArmedAgainWhileTheyFire) {
  testing::ManualLoop loop;
  std::vector<TimePoint> log;
  Noting timer{&log};
  timer.again = &loop;
  const TimePoint start = loop.now();
  loop.add(timer, start + 1s);
  loop.run_until([&] { return log.size() == 2; });
  EXPECT_EQ(loop.now(), start + 2s);
}

}  // namespace
}  // namespace hal
