#include <hal/net/io_loop.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/offload.hpp>
#include <hal/async/wait_queue.hpp>

namespace hal::net {
namespace {

using namespace std::chrono_literals;

class NotingTimer final : public Timer {
 public:
  NotingTimer(int number, std::vector<int>& log) noexcept : number_{number}, log_{log} {}

 private:
  void on_timer() noexcept override { log_.push_back(number_); }
  int number_;
  std::vector<int>& log_;
};

// From one reading of the clock: a pause of the thread between two add() changes nothing.
TEST(IoLoop, FiresTimersInOrder) {
  IoLoop loop;
  std::vector<int> log;
  NotingTimer last{3, log};
  NotingTimer second{1, log};
  NotingTimer first{0, log};
  NotingTimer third{2, log};
  const TimePoint start = loop.now();
  loop.add(last, start + 3ms);
  loop.add(second, start + 1ms);
  loop.add(first, start);
  loop.add(third, start + 2ms);
  loop.run_until([&] { return log.size() == 4; });
  EXPECT_THAT(log, ::testing::ElementsAre(0, 1, 2, 3));
}

Task<Result<int>> sleep_an_hour() {
  co_await or_return(co_await sleep(1h));
  co_return 1;
}
Task<Result<int>> give_up() { co_return co_await timeout(1ms, sleep_an_hour()); }

TEST(IoLoop, AnEarlierTimerReplacesThePendingOne) {
  IoLoop loop;
  EXPECT_EQ(block_on(loop, give_up).error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(block_on(loop, give_up).error().code(), Code::kDeadlineExceeded);
}

TEST(IoLoop, RunsWorkInTheOrderOfPosting) {
  IoLoop loop;
  std::vector<int> log;
  for (int i = 0; i < 5; ++i) loop.post([&log, i] { log.push_back(i); });
  loop.run_until([&] { return log.size() == 5; });
  EXPECT_THAT(log, ::testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(IoLoop, WorkPostedByWorkRunsInALaterTurn) {
  IoLoop loop;
  std::vector<std::string> log;
  loop.post([&] {
    loop.post([&] { log.push_back("later"); });
    log.push_back("first");
  });
  loop.post([&] { log.push_back("second"); });
  loop.run_until([&] { return log.size() == 3; });
  EXPECT_THAT(log, ::testing::ElementsAre("first", "second", "later"));
}

TEST(IoLoopDeathTest, IsNotRunFromItsOwnWork) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  IoLoop loop;
  loop.post([&] { loop.run_until([] { return false; }); });
  EXPECT_DEATH(loop.run(), "a loop is not run from its own work");
}

TEST(IoLoop, TakesWorkFromOtherThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  IoLoop loop;
  int count = 0;  // only the loop's thread touches it
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) loop.post([&] { ++count; });
    });
  }
  loop.run_until([&] { return count == kThreads * kEach; });
  EXPECT_EQ(count, kThreads * kEach);
}

TEST(IoLoop, StopEndsRun) {
  IoLoop loop;
  std::jthread thread{[&] { loop.run(); }};
  loop.stop();
  thread.join();

  // It runs again afterwards, and a stop that came first is not lost.
  loop.stop();
  loop.run_until([] { return true; });
  bool ran = false;
  loop.post([&] { ran = true; });
  loop.run_until([&] { return ran; });
  loop.run();
  loop.post([&] { loop.stop(); });
  loop.run();
}

TEST(IoLoop, DestroysWorkThatHasNotRun) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  {
    IoLoop loop;
    loop.post([held = std::move(owned)] { FAIL(); });
  }
  EXPECT_TRUE(watch.expired());
}

Task<Result<bool>> offload_resumes_here() {
  const auto here = std::this_thread::get_id();
  const auto there = co_await or_return(offload([] { return std::this_thread::get_id(); }));
  co_return there != here&& here == std::this_thread::get_id();
}

TEST(IoLoop, OffloadResumesOnTheSameThread) {
  ThreadPool pool{{.threads = 1}};
  IoLoop loop;
  loop.set_offload_pool(&pool);
  EXPECT_EQ(block_on(loop, offload_resumes_here), true);
}

}  // namespace
}  // namespace hal::net
