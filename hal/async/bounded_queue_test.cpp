#include <hal/async/bounded_queue.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>

#include <memory>

namespace hal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Log = std::vector<std::string>;
using Numbers = BoundedQueue<std::unique_ptr<int>>;  // moved all the way

Task<Result<>> push(Numbers* queue, int number, Log* log) {
  const auto pushed = co_await queue->push(std::make_unique<int>(number));
  log->push_back(fmt::format("+{}{}", number, pushed ? "" : " " + pushed.error().to_string()));
  co_return Result<>{};
}
Task<Result<>> pop(Numbers* queue, std::string name, Log* log) {
  const auto popped = co_await queue->pop();
  if (!popped) {
    log->push_back(name + " " + popped.error().to_string());
  } else {
    log->push_back(name + " " + (*popped ? std::to_string(***popped) : "end"));
  }
  co_return Result<>{};
}

constexpr const char* kClosed = "FAILED_PRECONDITION: the queue is closed";

class BoundedQueueTest : public ::testing::Test {
 protected:
  ~BoundedQueueTest() override {
    scope_.cancel({Code::kCancelled, "end"});
    loop_.run_ready();
  }
  void push_now(int number) { scope_.spawn(push, &queue_, number, &log_); }
  void pop_now(std::string name) { scope_.spawn(pop, &queue_, std::move(name), &log_); }
  Log take() {
    loop_.run_ready();
    return std::exchange(log_, {});
  }

  testing::ManualLoop loop_;
  Numbers queue_{2};
  Log log_;
  Scope scope_{Context{.loop = &loop_}};
};

TEST_F(BoundedQueueTest, FirstInFirstOut) {
  push_now(1);
  push_now(2);
  EXPECT_EQ(queue_.size(), 2U);
  pop_now("a");
  pop_now("b");
  EXPECT_THAT(take(), ElementsAre("+1", "+2", "a 1", "b 2"));
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(BoundedQueueTest, ProducersWaitForRoomInTheOrderOfAsking) {
  for (const int number : {1, 2, 3, 4, 5}) push_now(number);
  EXPECT_THAT(take(), ElementsAre("+1", "+2"));
  pop_now("a");
  EXPECT_THAT(take(), ElementsAre("a 1", "+3"));
  pop_now("b");
  pop_now("c");
  EXPECT_THAT(take(), ElementsAre("b 2", "c 3", "+4", "+5"));
  EXPECT_EQ(queue_.size(), 2U);
}

TEST_F(BoundedQueueTest, ConsumersWaitForValuesInTheOrderOfAsking) {
  pop_now("a");
  pop_now("b");
  EXPECT_THAT(take(), ElementsAre());
  push_now(1);
  EXPECT_THAT(take(), ElementsAre("+1", "a 1"));
  push_now(2);
  push_now(3);
  EXPECT_THAT(take(), ElementsAre("+2", "+3", "b 2"));
}

TEST_F(BoundedQueueTest, WhoComesLaterTakesNothingFromOneThatIsAboutToRun) {
  pop_now("a");
  push_now(1);
  EXPECT_EQ(queue_.try_pop(), std::nullopt);
  pop_now("b");
  EXPECT_THAT(take(), ElementsAre("+1", "a 1"));
  push_now(2);
  push_now(3);
  push_now(4);
  push_now(5);
  EXPECT_THAT(take(), ElementsAre("+2", "+3", "b 2", "+4"));
  ASSERT_TRUE(queue_.try_pop());  // its room belongs to 5
  auto six = std::make_unique<int>(6);
  EXPECT_FALSE(queue_.try_push(std::move(six)));
  ASSERT_NE(six, nullptr) << "a value that is not taken stays";
  EXPECT_THAT(take(), ElementsAre("+5"));
}

TEST_F(BoundedQueueTest, TriesWithoutWaiting) {
  EXPECT_EQ(queue_.try_pop(), std::nullopt);
  EXPECT_TRUE(queue_.try_push(std::make_unique<int>(1)));
  EXPECT_TRUE(queue_.try_push(std::make_unique<int>(2)));
  EXPECT_FALSE(queue_.try_push(std::make_unique<int>(3)));
  const auto first = queue_.try_pop();
  ASSERT_TRUE(first);
  EXPECT_EQ(**first, 1);
  queue_.close();
  EXPECT_FALSE(queue_.try_push(std::make_unique<int>(3)));
  EXPECT_TRUE(queue_.try_pop());
  EXPECT_FALSE(queue_.try_pop());
}

TEST_F(BoundedQueueTest, WhatIsLeftComesBeforeTheEnd) {
  for (const int number : {1, 2, 3}) push_now(number);
  take();
  queue_.close();
  EXPECT_TRUE(queue_.closed());
  push_now(4);
  EXPECT_THAT(take(), ElementsAre(fmt::format("+4 {}", kClosed), fmt::format("+3 {}", kClosed)));
  for (const auto* name : {"a", "b", "c"}) pop_now(name);
  EXPECT_THAT(take(), ElementsAre("a 1", "b 2", "c end"));
}

TEST_F(BoundedQueueTest, ACloseEndsThoseWhoWait) {
  for (const auto* name : {"a", "b", "c"}) pop_now(name);
  take();
  push_now(1);  // for "a", which has not run yet
  queue_.close();
  pop_now("d");
  EXPECT_THAT(take(), ElementsAre("+1", "d end", "a 1", "b end", "c end"));
}

Task<Result<>> pop_within_a_second(Numbers* queue, std::string name, Log* log) {
  co_return co_await timeout(1s, pop(queue, std::move(name), log));
}
Task<Result<>> push_within_a_second(Numbers* queue, int number, Log* log) {
  co_return co_await timeout(1s, push(queue, number, log));
}

TEST_F(BoundedQueueTest, WhoIsStoppedTakesNothingAndLeavesNothing) {
  scope_.spawn(pop_within_a_second, &queue_, std::string{"a"}, &log_);
  pop_now("b");
  loop_.advance(1s);
  EXPECT_THAT(take(), ElementsAre("a DEADLINE_EXCEEDED: deadline exceeded"));
  push_now(1);
  EXPECT_THAT(take(), ElementsAre("+1", "b 1"));

  push_now(2);
  push_now(3);
  scope_.spawn(push_within_a_second, &queue_, 4, &log_);
  push_now(5);
  loop_.advance(1s);
  EXPECT_THAT(take(), ElementsAre("+2", "+3", "+4 DEADLINE_EXCEEDED: deadline exceeded"));
  for (const auto* name : {"a", "b", "c"}) pop_now(name);
  EXPECT_THAT(take(), ElementsAre("a 2", "b 3", "+5", "c 5"));
}

TEST(BoundedQueueDeathTest, HasRoom) {
  EXPECT_DEATH(BoundedQueue<int>{0}, "room for at least one value");
}

}  // namespace
}  // namespace hal
