#include <hal/transport/reset_budget.hpp>

#include <gtest/gtest.h>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;

int takes(ResetBudget& budget, TimePoint now) {
  int taken = 0;
  while (budget.take(now)) ++taken;
  return taken;
}

TEST(ResetBudget, IsSpentAndFilledByTheTimeAndByRequestsThatWereDone) {
  ResetBudget budget{10, 3};
  TimePoint now{100s};
  EXPECT_EQ(takes(budget, now), 10);
  EXPECT_EQ(takes(budget, now + 999ms), 0);
  EXPECT_EQ(takes(budget, now + 1s), 3);
  EXPECT_EQ(takes(budget, now + 3500ms), 6);
  EXPECT_EQ(takes(budget, now + 4s), 3);
  EXPECT_EQ(takes(budget, now + 24h), 10);
  for (int i = 0; i < 4; ++i) budget.request_done();
  EXPECT_EQ(takes(budget, now + 24h), 4);
  for (int i = 0; i < 100; ++i) budget.request_done();
  EXPECT_EQ(takes(budget, now + 24h), 10);
}

TEST(ResetBudget, OfNothingAllowsNothing) {
  ResetBudget budget{0, 100};
  EXPECT_FALSE(budget.take(TimePoint{1h}));
}

}  // namespace
}  // namespace hal::transport
