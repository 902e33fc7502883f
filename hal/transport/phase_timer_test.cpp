#include <hal/transport/phase_timer.hpp>

#include <hal/async/testing/manual_loop.hpp>

#include <gtest/gtest.h>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;

struct Counting final : PhaseTimer {
  explicit Counting(Loop& loop) : PhaseTimer{loop} {}
  void expired() noexcept override { ++count; }
  int count = 0;
};

TEST(PhaseTimer, FiresOnceAtItsTime) {
  hal::testing::ManualLoop loop;
  Counting timer{loop};
  timer.set(10s);
  loop.advance(9s);
  EXPECT_EQ(timer.count, 0);
  loop.advance(1s);
  EXPECT_EQ(timer.count, 1);
  loop.advance(1h);
  EXPECT_EQ(timer.count, 1);
}

TEST(PhaseTimer, MovesOnAndBack) {
  hal::testing::ManualLoop loop;
  Counting timer{loop};
  timer.set(10s);
  timer.set(60s);
  loop.advance(59s);
  EXPECT_EQ(timer.count, 0);
  timer.set(60s);
  timer.set(5s);
  loop.advance(5s);
  EXPECT_EQ(timer.count, 1);
}

TEST(PhaseTimer, Clears) {
  hal::testing::ManualLoop loop;
  Counting timer{loop};
  timer.set(10s);
  timer.clear();
  loop.advance(1h);
  EXPECT_EQ(timer.count, 0);
  timer.set(1s);
  loop.advance(1s);
  EXPECT_EQ(timer.count, 1);
  timer.set(1s);
}

}  // namespace
}  // namespace hal::transport
