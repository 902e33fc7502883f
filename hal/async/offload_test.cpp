#include <hal/async/offload.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>

#include <latch>
#include <stdexcept>

namespace hal {
namespace {

class OffloadTest : public ::testing::Test {
 protected:
  OffloadTest() { loop_.set_offload_pool(&pool_); }
  ThreadPool pool_{{.threads = 2}};
  testing::ManualLoop loop_;
};

std::string join(const std::string& a, std::string b) { return a + b; }
Task<Result<std::string>> join_elsewhere(std::string a, std::string b) {
  co_return co_await offload(join, std::move(a), std::move(b));
}

TEST_F(OffloadTest, ReturnsTheValue) {
  EXPECT_EQ(block_on(loop_, join_elsewhere, std::string{"a"}, std::string{"b"}), "ab");
}

Task<Result<bool>> changes_threads() {
  const auto here = std::this_thread::get_id();
  const auto there = co_await or_return(offload([] { return std::this_thread::get_id(); }));
  co_return there != here&& std::this_thread::get_id() == here;
}

TEST_F(OffloadTest, RunsElsewhereAndResumesHere) {
  EXPECT_EQ(block_on(loop_, changes_threads), true);
}

Result<int> checked(int number) {
  if (number == 0) return error(Code::kOutOfRange, "zero");
  if (number < 0) throw std::runtime_error{"negative"};
  return number;
}
Task<Result<int>> check_elsewhere(int number) { co_return co_await offload(checked, number); }
Task<Result<>> set_elsewhere(int* out) {
  co_return co_await offload([](int* value) { *value = 3; }, out);
}

TEST_F(OffloadTest, PassesResultsAndExceptions) {
  EXPECT_EQ(block_on(loop_, check_elsewhere, 5), 5);
  EXPECT_EQ(block_on(loop_, check_elsewhere, 0).error().to_string(), "OUT_OF_RANGE: zero");
  EXPECT_EQ(block_on(loop_, check_elsewhere, -1).error().to_string(),
            "INTERNAL: unexpected exception: negative");
  int value = 0;
  EXPECT_EQ(block_on(loop_, set_elsewhere, &value), Result<>{});
  EXPECT_EQ(value, 3);
}

Task<Result<int>> checked_after_stop() {
  DeadlineContext stopped{co_await this_context(), kNoDeadline};
  stopped.stop({Code::kAborted, "stopped"});
  co_return co_await run_in(stopped.context(), check_elsewhere(7));
}

TEST_F(OffloadTest, AStopDoesNotInterruptIt) { EXPECT_EQ(block_on(loop_, checked_after_stop), 7); }

TEST(Offload, AFullQueueIsAnError) {
  std::latch started{1};
  std::latch release{1};
  ThreadPool pool{{.threads = 1, .queued_max = 1}};
  testing::ManualLoop loop;
  loop.set_offload_pool(&pool);
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  ASSERT_TRUE(pool.submit([] {}));
  EXPECT_EQ(block_on(loop, check_elsewhere, 1).error().to_string(),
            "RESOURCE_EXHAUSTED: the queue of blocking work is full");
  release.count_down();
}

TEST(ThreadPool, FinishesWhatIsQueued) {
  std::atomic<int> count = 0;
  {
    ThreadPool pool{{.threads = 2}};
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.submit([&] { ++count; }));
  }
  EXPECT_EQ(count, 100);
}

TEST(OffloadDeathTest, NeedsAPool) {
  EXPECT_DEATH(static_cast<void>(testing::run(check_elsewhere, 1)),
               "offload needs a loop with an offload pool");
}

}  // namespace
}  // namespace hal
