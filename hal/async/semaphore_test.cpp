#include <hal/async/semaphore.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>

namespace hal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Log = std::vector<std::string>;

Task<Result<>> work(Semaphore* semaphore, std::string name, Duration duration, Log* log) {
  const auto permit = co_await semaphore->acquire();
  if (!permit) {
    log->push_back(name + ": " + permit.error().message());
    co_return Result<>{};
  }
  log->push_back(name + " begins");
  (void)co_await sleep(duration);
  log->push_back(name + " ends");
  co_return Result<>{};
}

class SemaphoreTest : public ::testing::Test {
 protected:
  ~SemaphoreTest() override {
    scope_.cancel({Code::kCancelled, "end"});
    loop_.run_ready();
  }
  void begin(std::string name, Duration duration = 1h) {
    scope_.spawn(work, &semaphore_, std::move(name), duration, &log_);
  }
  Log take() { return std::exchange(log_, {}); }

  testing::ManualLoop loop_;
  Semaphore semaphore_{2};
  Log log_;
  Scope scope_{Context{.loop = &loop_}};
};

TEST_F(SemaphoreTest, ServesInTheOrderOfAsking) {
  begin("a", 3s);
  begin("b", 1s);
  begin("c", 1s);
  begin("d", 1s);
  EXPECT_THAT(take(), ElementsAre("a begins", "b begins"));
  EXPECT_EQ(semaphore_.available(), 0U);
  loop_.advance(1s);
  EXPECT_THAT(take(), ElementsAre("b ends", "c begins"));
  loop_.advance(10s);
  EXPECT_THAT(take(), ElementsAre("c ends", "d begins", "a ends", "d ends"));
  EXPECT_EQ(semaphore_.available(), 2U);
}

TEST_F(SemaphoreTest, WhoComesLaterDoesNotOvertakeOneThatIsAboutToRun) {
  auto first = semaphore_.try_acquire();
  const auto second = semaphore_.try_acquire();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(semaphore_.try_acquire());
  begin("a");
  first->release();
  // "a" has the permit, though it has not run yet.
  EXPECT_FALSE(semaphore_.try_acquire());
  begin("b");
  loop_.run_ready();
  EXPECT_THAT(take(), ElementsAre("a begins"));
  first->release();  // nothing more happens
  loop_.run_ready();
  EXPECT_THAT(take(), ElementsAre());
}

Task<Result<>> work_within(Semaphore* semaphore, std::string name, Log* log) {
  co_return co_await timeout(1s, work(semaphore, std::move(name), 0s, log));
}

TEST_F(SemaphoreTest, WhoIsStoppedHoldsNothingUp) {
  begin("a", 2s);
  begin("b", 2s);
  scope_.spawn(work_within, &semaphore_, std::string{"c"}, &log_);
  begin("d");
  loop_.advance(1s);
  EXPECT_THAT(take(), ElementsAre("a begins", "b begins", "c: deadline exceeded"));
  loop_.advance(1s);
  EXPECT_THAT(take(), ElementsAre("a ends", "b ends", "d begins"));
}

TEST_F(SemaphoreTest, AStopBehindThePermitGivesItBackWithTheWork) {
  begin("a", 1s);
  begin("b");
  begin("c");
  loop_.advance(1s - 1ns);
  take();
  // The permit passes to "c", and the stop comes before it runs.
  loop_.advance(1ns);
  scope_.cancel({Code::kAborted, "enough"});
  loop_.run_ready();
  EXPECT_THAT(take(), ElementsAre("a ends", "c begins", "c ends", "b ends"));
  EXPECT_EQ(semaphore_.available(), 2U);
}

TEST_F(SemaphoreTest, PermitsMove) {
  std::optional<Semaphore::Permit> kept;
  {
    auto permit = semaphore_.try_acquire();
    ASSERT_TRUE(permit);
    kept = std::move(*permit);
  }
  EXPECT_EQ(semaphore_.available(), 1U);
  auto other = semaphore_.try_acquire();
  ASSERT_TRUE(other);
  *kept = std::move(*other);  // gives back the one it had
  EXPECT_EQ(semaphore_.available(), 1U);
  kept.reset();
  EXPECT_EQ(semaphore_.available(), 2U);
}

TEST(SemaphoreDeathTest, HoldsItsContracts) {
  EXPECT_DEATH(Semaphore{0}, "at least one permit");
  EXPECT_DEATH(
      {
        std::optional<Semaphore::Permit> permit;
        Semaphore semaphore{1};
        permit = semaphore.try_acquire();
      },
      "a semaphore outlives its permits");
}

}  // namespace
}  // namespace hal
