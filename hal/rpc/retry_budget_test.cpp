#include <hal/rpc/retry_budget.hpp>

#include <gtest/gtest.h>

namespace hal::rpc {
namespace {

TEST(RetryBudgetTest, half_of_the_tokens_may_be_used) {
  RetryBudget budget{{.tokens_max = 10, .tokens_per_success = 0.5}};
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(budget.allows()) << i;
    budget.failed();
  }
  EXPECT_FALSE(budget.allows());
  budget.succeeded();
  EXPECT_TRUE(budget.allows());
}

TEST(RetryBudgetTest, a_long_outage_empties_it_and_good_times_fill_it) {
  RetryBudget budget{{.tokens_max = 10, .tokens_per_success = 0.1}};
  for (int i = 0; i < 1000; ++i) budget.failed();
  for (int i = 0; i < 50; ++i) budget.succeeded();
  EXPECT_FALSE(budget.allows());
  for (int i = 0; i < 10; ++i) budget.succeeded();
  EXPECT_TRUE(budget.allows());
  for (int i = 0; i < 1000; ++i) budget.succeeded();
  for (int i = 0; i < 5; ++i) budget.failed();
  EXPECT_FALSE(budget.allows()) << "no more than tokens_max is saved up";
}

}  // namespace
}  // namespace hal::rpc
