#include <hal/async/deadline.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/scope.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>

namespace hal {
namespace {

using namespace std::chrono_literals;

Task<Result<int>> work(Duration duration) {
  co_await or_return(co_await sleep(duration));
  co_return 1;
}
Task<Result<int>> stubborn(Duration duration) {
  static_cast<void>(co_await sleep(duration));
  co_return 2;
}
Task<Result<int>> work_within(Duration limit, Duration duration) {
  co_return co_await timeout(limit, work(duration));
}
Task<Result<int>> stubborn_within(Duration limit, Duration duration) {
  co_return co_await timeout(limit, stubborn(duration));
}

TEST(Deadline, WorkInTimeReturnsItsValue) { EXPECT_EQ(testing::run(work_within, 2s, 1s), 1); }

TEST(Deadline, StopsWorkWhenItsTimeHasCome) {
  testing::ManualLoop loop;
  const TimePoint start = loop.now();
  EXPECT_EQ(block_on(loop, work_within, 1s, 1h).error().to_string(),
            "DEADLINE_EXCEEDED: deadline exceeded");
  EXPECT_EQ(loop.now(), start + 1s);
}

TEST(Deadline, AResultInSpiteOfItIsReturned) {
  EXPECT_EQ(testing::run(stubborn_within, 1s, 1h), 2);
}

TEST(Deadline, OneInThePastStopsAtTheFirstWait) {
  EXPECT_EQ(testing::run(work_within, -1s, 1h).error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(testing::run(work_within, 0s, 1h).error().code(), Code::kDeadlineExceeded);
}

TEST(Deadline, TheLongestPossibleIsNone) {
  EXPECT_EQ(testing::run(work_within, Duration::max(), 1h), 1);
}

Task<Result<TimePoint>> seen_deadline() { co_return (co_await this_context()).deadline; }
Task<Result<TimePoint>> inner_deadline(TimePoint outer, TimePoint inner) {
  co_return co_await with_deadline(outer, with_deadline(inner, seen_deadline()));
}

TEST(Deadline, TheEarlierOneHolds) {
  const TimePoint soon{2h};
  const TimePoint late{3h};
  EXPECT_EQ(testing::run(inner_deadline, soon, late), soon);
  EXPECT_EQ(testing::run(inner_deadline, late, soon), soon);
}

Task<Result<int>> inner_stops_first() {
  const Result<int> inner = co_await timeout(1s, work(1h));
  EXPECT_EQ(inner.error().code(), Code::kDeadlineExceeded);
  co_await or_return(co_await or_stopped());
  co_return co_await work(1s);
}
Task<Result<int>> outer_goes_on() { co_return co_await timeout(1min, inner_stops_first()); }

TEST(Deadline, AnInnerOneLeavesTheCallerRunning) { EXPECT_EQ(testing::run(outer_goes_on), 1); }

Task<Result<int>> outer_stops_inner() { co_return co_await timeout(1s, timeout(1h, work(2h))); }

TEST(Deadline, AnOuterOneStopsWhatRunsInside) {
  testing::ManualLoop loop;
  const TimePoint start = loop.now();
  EXPECT_EQ(block_on(loop, outer_stops_inner).error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(loop.now(), start + 1s);
}

Task<Result<int>> stop_by_hand() {
  const Context& outer = co_await this_context();
  DeadlineContext scope{outer, kNoDeadline};
  scope.stop({Code::kAborted, "by hand"});
  const Result<int> stopped = co_await run_in(scope.context(), work(1h));
  EXPECT_EQ(stopped.error().to_string(), "ABORTED: by hand");
  EXPECT_EQ(&co_await this_context(), &outer);
  EXPECT_EQ(current_context(), &outer);
  co_return 1;
}

TEST(DeadlineContext, StopsByHandAndGivesTheContextBack) {
  EXPECT_EQ(testing::run(stop_by_hand), 1);
}

Task<> note(int* out) {
  *out = 5;
  co_return;
}
Task<Result<int>> run_void() {
  DeadlineContext scope{co_await this_context(), kNoDeadline};
  int value = 0;
  co_await run_in(scope.context(), note(&value));
  co_return value;
}

TEST(RunIn, TakesATaskWithoutAResult) { EXPECT_EQ(testing::run(run_void), 5); }

}  // namespace
}  // namespace hal
