#include "work_queue.hpp"

#include <hal/async/deadline.hpp>
#include <hal/net/io_loop.hpp>
#include <hal/service/testing/test_host.hpp>

#include <gmock/gmock.h>

#include <latch>
#include <vector>

namespace auth {
namespace {

using hal::Code;
using hal::Result;
using hal::Task;

/// Work that takes until the test says so.
struct Gate {
  std::latch open{1};
};
int pass(Gate* gate, int number) {
  gate->open.wait();
  return number;
}

class WorkQueueTest : public testing::Test {
 protected:
  WorkQueueTest() { loop_.set_offload_pool(&pool_); }
  ~WorkQueueTest() override {
    if (!opened_) gate_.open.count_down();
    host_.shut_down();
  }
  void open() {
    opened_ = true;
    gate_.open.count_down();
  }

  static Task<> run_one(WorkQueueTest* test, int number) {
    auto result = co_await test->queue_.run(pass, &test->gate_, number);
    test->results_.push_back(result ? *result : -static_cast<int>(result.error().code()));
  }
  void start(int number) { host_.background().spawn(run_one, this, number); }
  void run_until_results(std::size_t count) {
    loop_.run_until([&] { return results_.size() >= count; });
  }
  /// Until `count` are in the pool and all others that were started wait or are refused.
  void settle(std::size_t running, std::size_t waiting) {
    loop_.run_until(
        [&] { return queue_.counts()->running == running && queue_.counts()->waiting == waiting; });
  }

  Gate gate_;
  bool opened_ = false;
  hal::ThreadPool pool_;
  hal::net::IoLoop loop_;
  hal::service::testing::TestHost host_{loop_};
  WorkQueue queue_{host_.worker(), {.at_once = 2, .waiting_max = 3}};
  std::vector<int> results_;
};

TEST_F(WorkQueueTest, so_many_run_so_many_wait_and_the_rest_is_refused_at_once) {
  for (int i = 1; i <= 8; ++i) start(i);
  settle(2, 3);
  run_until_results(3);
  constexpr int kRefused = -static_cast<int>(Code::kUnavailable);
  EXPECT_THAT(results_, testing::ElementsAre(kRefused, kRefused, kRefused));
  EXPECT_EQ(queue_.counts()->refused, 3U);
  open();
  run_until_results(8);
  results_.erase(results_.begin(), results_.begin() + 3);
  EXPECT_THAT(results_, testing::UnorderedElementsAre(1, 2, 3, 4, 5)) << "the first that came";
  EXPECT_EQ(queue_.counts()->running, 0U);
  EXPECT_EQ(queue_.counts()->waiting, 0U);
  EXPECT_EQ(queue_.counts()->running_peak, 2U);
  EXPECT_EQ(queue_.counts()->waiting_peak, 3U);
  start(9);
  run_until_results(6);
  EXPECT_EQ(results_.back(), 9);
}

Task<Result<int>> run_stopped(WorkQueue* queue, Gate* gate) {
  hal::DeadlineContext context{co_await hal::this_context(), hal::kNoDeadline};
  context.stop({Code::kCancelled, "the client went"});
  co_return co_await hal::run_in(context.context(), queue->run(pass, gate, 7));
}

TEST_F(WorkQueueTest, who_is_stopped_leaves_the_line) {
  start(1);
  start(2);
  settle(2, 0);
  const auto stopped = host_.run(run_stopped, &queue_, &gate_);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().to_string(), "CANCELLED: the client went");
  EXPECT_EQ(queue_.counts()->waiting, 0U);
  open();
  run_until_results(2);
}

Result<int> no_memory() { return hal::error(Code::kResourceExhausted, "no memory"); }

Task<Result<int>> run_no_memory(WorkQueue* queue) { co_return co_await queue->run(no_memory); }

TEST_F(WorkQueueTest, what_is_used_up_here_is_not_the_callers_fault) {
  const auto result = host_.run(run_no_memory, &queue_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().to_string(), "UNAVAILABLE: no memory");
}

}  // namespace
}  // namespace auth
