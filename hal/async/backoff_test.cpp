#include <hal/async/backoff.hpp>

#include <gtest/gtest.h>

namespace hal {
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

}  // namespace
}  // namespace hal
