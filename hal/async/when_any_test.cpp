#include <hal/async/when_any.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>

#include <span>
#include <stdexcept>

namespace hal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Log = std::vector<std::string>;

/// Notes how it ends; fails below zero, throws at zero.
Task<Result<int>> number_after(Duration duration, int number, Log* log) {
  const auto slept = co_await sleep(duration);
  log->push_back(fmt::format("{} {}", number, slept ? "came" : slept.error().to_string()));
  co_await or_return(Result<>{slept});
  if (number < 0) co_return error(Code::kOutOfRange, fmt::format("below zero: {}", number));
  if (number == 0) throw std::runtime_error{"zero"};
  co_return number;
}
Task<Result<>> nothing_after(Duration duration) { co_return co_await sleep(duration); }
Task<Result<std::unique_ptr<int>>> boxed_after(Duration duration, int number) {
  co_await or_return(co_await sleep(duration));
  co_return std::make_unique<int>(number);
}

constexpr const char* kBeaten = "CANCELLED: another one was first";

class WhenAnyTest : public ::testing::Test {
 protected:
  template <class F, class... Values>
  auto run(F function, Values... values) {
    start_ = loop_.now();
    return block_on(loop_, std::move(function), std::move(values)...);
  }
  [[nodiscard]] Duration lasted() const { return loop_.now() - start_; }

  testing::ManualLoop loop_;
  Log log_;
  TimePoint start_{};
};

Task<Result<std::string>> three(Log* log) {
  auto first =
      co_await or_return(when_any(nothing_after(3s), boxed_after(1s, 7), number_after(2s, 2, log)));
  static_assert(
      std::is_same_v<decltype(first), std::variant<std::monostate, std::unique_ptr<int>, int>>);
  co_return fmt::format("{}: {}", first.index(), *std::get<1>(first));
}

TEST_F(WhenAnyTest, TheFirstToEndIsTheResultAndTheOthersAreStoppedAndJoined) {
  EXPECT_EQ(run(three, &log_), "1: 7");
  EXPECT_EQ(lasted(), 1s);
  EXPECT_THAT(log_, ElementsAre(fmt::format("2 {}", kBeaten)));
}

Task<Result<std::size_t>> index_of(Log* log, int first, int second) {
  const auto any =
      co_await or_return(when_any(number_after(1s, first, log), number_after(2s, second, log)));
  co_return any.index();
}

TEST_F(WhenAnyTest, AnErrorOrAnExceptionMayBeFirst) {
  EXPECT_EQ(run(index_of, &log_, -1, 2).error().to_string(), "OUT_OF_RANGE: below zero: -1");
  EXPECT_EQ(lasted(), 1s);
  EXPECT_EQ(run(index_of, &log_, 0, 2).error().to_string(), "INTERNAL: unexpected exception: zero");
  EXPECT_EQ(lasted(), 1s);
  EXPECT_EQ(run(index_of, &log_, -1, -2).error().message(), "below zero: -1");
}

Task<Result<int>> fails_when_stopped(bool by_throwing) {
  (void)co_await sleep(1h);
  if (by_throwing) throw std::runtime_error{"too late"};
  co_return error(Code::kInternal, "too late");
}
Task<Result<int>> comes_in_spite_of_it() {
  (void)co_await sleep(1h);
  co_return 3;
}
Task<Result<std::size_t>> beats_them(Log* log) {
  const auto any = co_await or_return(when_any(fails_when_stopped(false), fails_when_stopped(true),
                                               comes_in_spite_of_it(), number_after(1s, 4, log)));
  co_return any.index();
}

TEST_F(WhenAnyTest, WhatTheOthersReturnIsDropped) {
  EXPECT_EQ(run(beats_them, &log_), 3U);
  EXPECT_EQ(lasted(), 1s);
}

Task<Result<int>> at_once(int number, Log* log) {
  log->push_back(fmt::format("started {}", number));
  co_return number;
}
Task<Result<std::size_t>> one_at_once(Log* log) {
  const auto any =
      co_await or_return(when_any(number_after(1s, 1, log), at_once(2, log), at_once(3, log)));
  co_return any.index();
}

TEST_F(WhenAnyTest, ThoseBehindOneThatEndsAtOnceNeverStart) {
  EXPECT_EQ(run(one_at_once, &log_), 1U);
  EXPECT_EQ(lasted(), 0s);
  EXPECT_THAT(log_, ElementsAre("started 2", fmt::format("1 {}", kBeaten)));
}

Task<Result<std::size_t>> within(Duration duration, Log* log) {
  co_return co_await timeout(duration, index_of(log, 1, 2));
}

TEST_F(WhenAnyTest, AStopOfTheCallerStopsThemAll) {
  EXPECT_EQ(run(within, 500ms, &log_).error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(lasted(), 500ms);
  EXPECT_THAT(log_, ::testing::UnorderedElementsAre("1 DEADLINE_EXCEEDED: deadline exceeded",
                                                    "2 DEADLINE_EXCEEDED: deadline exceeded"));
}

Task<Result<std::string>> woken_or_late(WaitQueue* queue) {
  const auto any = co_await or_return(when_any(wait_on(*queue), nothing_after(1s)));
  co_return any.index() == 0 ? "woken" : "late";
}

TEST_F(WhenAnyTest, ALoserLeavesTheQueueItWaitsIn) {
  WaitQueue queue;
  EXPECT_EQ(run(woken_or_late, &queue), "late");
  EXPECT_TRUE(queue.empty());
}

Task<Result<int>> faster_for_larger(std::unique_ptr<int> number, Log* log) {
  co_return co_await number_after(std::chrono::seconds{10 - *number}, *number, log);
}
Task<Result<First<int>>> any_of(std::vector<int> numbers, Log* log) {
  std::vector<std::unique_ptr<int>> boxes;
  for (const int number : numbers) boxes.push_back(std::make_unique<int>(number));
  co_return co_await when_any(std::move(boxes), [log](std::unique_ptr<int> number) {
    return faster_for_larger(std::move(number), log);
  });
}

TEST_F(WhenAnyTest, OfARangeTellsWhichItemWasFirst) {
  const auto first = run(any_of, std::vector{1, 5, 3}, &log_);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ(first->index, 1U);
  EXPECT_EQ(first->value, 5);
  EXPECT_EQ(lasted(), 5s);
  EXPECT_EQ(log_.size(), 3U);
}

TEST_F(WhenAnyTest, OfAnEmptyRangeIsAnError) {
  EXPECT_EQ(run(any_of, std::vector<int>{}, &log_).error().to_string(),
            "INVALID_ARGUMENT: when_any has nothing to run");
}

Task<Result<>> say(std::string text) {
  co_await or_return(co_await sleep(std::chrono::seconds{text.size()}));
  co_return Result<>{};
}
Task<Result<std::size_t>> over_a_view(std::span<std::string> texts) {
  co_return (co_await or_return(when_any(texts, say))).index;
}

TEST_F(WhenAnyTest, LeavesTheElementsOfAViewAlone) {
  std::vector<std::string> texts{"long", "one"};
  EXPECT_EQ(run(over_a_view, std::span{texts}), 1U);
  EXPECT_THAT(texts, ElementsAre("long", "one"));
}

}  // namespace
}  // namespace hal
