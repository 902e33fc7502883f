#include <hal/rpc/backoff.hpp>

#include <hal/rpc/retry_budget.hpp>

#include <gtest/gtest.h>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST(BackoffTest, grows_by_its_factor_up_to_the_limit) {
  std::minstd_rand random{1};
  Backoff backoff{{.jitter = 0}};
  for (const double expected : {1.0, 1.6, 2.56, 4.096, 6.5536}) {
    EXPECT_NEAR(seconds(backoff.next(random)), expected, 1e-6);
  }
  for (int i = 0; i < 20; ++i) (void)backoff.next(random);
  EXPECT_EQ(backoff.next(random), 120s);
  backoff.reset();
  EXPECT_EQ(backoff.next(random), 1s);
}

TEST(BackoffTest, jitter_stays_in_its_range_and_differs) {
  std::minstd_rand random{1};
  Duration shortest = 1h;
  Duration longest{};
  for (int i = 0; i < 1000; ++i) {
    const Duration delay = Backoff{{}}.next(random);
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }
  EXPECT_GE(shortest, 800ms);
  EXPECT_LT(shortest, 820ms);
  EXPECT_LE(longest, 1200ms);
  EXPECT_GT(longest, 1180ms);
}

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
