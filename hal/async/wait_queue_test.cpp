#include <hal/async/wait_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>
#include <hal/async/testing/manual_loop.hpp>

namespace hal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Log = std::vector<std::string>;

Task<Result<>> wait_in(WaitQueue* queue, std::string name, Log* log) {
  const Result<> woken = co_await queue->wait();
  log->push_back(name + (woken ? "" : ": " + woken.error().message()));
  co_return Result<>{};
}

// A scope whose children wait; the test wakes them from outside.
class WaitQueueTest : public ::testing::Test {
 protected:
  void spawn(std::string name) { scope_.spawn(wait_in, &queue_, std::move(name), &log_); }
  ~WaitQueueTest() override {
    scope_.cancel({Code::kCancelled, "end"});
    loop_.run_ready();
  }

  testing::ManualLoop loop_;
  WaitQueue queue_;
  Log log_;
  Scope scope_{Context{.loop = &loop_}};
};

TEST_F(WaitQueueTest, WakesInTheOrderOfWaiting) {
  for (const auto* name : {"a", "b", "c"}) spawn(name);
  EXPECT_FALSE(queue_.empty());
  EXPECT_TRUE(queue_.wake_one());
  EXPECT_TRUE(queue_.wake_one());
  EXPECT_TRUE(log_.empty()) << "not before a later turn";
  loop_.run_ready();
  EXPECT_THAT(log_, ElementsAre("a", "b"));
  queue_.wake_all();
  loop_.run_ready();
  EXPECT_THAT(log_, ElementsAre("a", "b", "c"));
  EXPECT_FALSE(queue_.wake_one());
  EXPECT_TRUE(queue_.empty());
}

TEST_F(WaitQueueTest, AStopWakesAllWithItsReason) {
  for (const auto* name : {"a", "b"}) spawn(name);
  scope_.cancel({Code::kAborted, "enough"});
  EXPECT_TRUE(queue_.empty());
  EXPECT_TRUE(log_.empty()) << "not before a later turn";
  loop_.run_ready();
  EXPECT_THAT(log_, ::testing::UnorderedElementsAre("a: enough", "b: enough"));
  spawn("late");
  EXPECT_THAT(log_, ::testing::Contains("late: enough"));
}

TEST_F(WaitQueueTest, AStopAfterTheWakeComesTooLate) {
  spawn("a");
  queue_.wake_one();
  scope_.cancel({Code::kAborted, "enough"});
  loop_.run_ready();
  EXPECT_THAT(log_, ElementsAre("a"));
}

Task<Result<>> wait_for_a_second(WaitQueue* queue, std::string name, Log* log) {
  co_return co_await timeout(1s, wait_in(queue, std::move(name), log));
}

TEST_F(WaitQueueTest, OneInTheMiddleMayLeave) {
  spawn("a");
  scope_.spawn(wait_for_a_second, &queue_, std::string{"b"}, &log_);
  spawn("c");
  loop_.advance(1s);
  EXPECT_THAT(log_, ElementsAre("b: deadline exceeded"));
  queue_.wake_all();
  loop_.run_ready();
  EXPECT_THAT(log_, ElementsAre("b: deadline exceeded", "a", "c"));
}

Task<Result<>> sleep_and_note(Duration duration, Log* log) {
  const Result<> slept = co_await sleep(duration);
  log->push_back(slept ? "slept" : slept.error().message());
  co_return Result<>{};
}

TEST_F(WaitQueueTest, SleepEndsInTimeOrWithAStop) {
  scope_.spawn(sleep_and_note, 1s, &log_);
  scope_.spawn(sleep_and_note, Duration::max(), &log_);
  loop_.advance(1s - 1ns);
  EXPECT_TRUE(log_.empty());
  loop_.advance(1ns);
  EXPECT_THAT(log_, ElementsAre("slept"));
  scope_.cancel({Code::kAborted, "enough"});
  loop_.run_ready();
  EXPECT_THAT(log_, ElementsAre("slept", "enough"));
  scope_.spawn(sleep_and_note, 1s, &log_);
  EXPECT_THAT(log_, ElementsAre("slept", "enough", "enough"));
}

TEST_F(WaitQueueTest, SleepOfNoTimeGivesTheLoopATurn) {
  scope_.spawn(sleep_and_note, 0s, &log_);
  EXPECT_TRUE(log_.empty());
  loop_.advance(0s);
  EXPECT_THAT(log_, ElementsAre("slept"));
}

}  // namespace
}  // namespace hal
