#include <hal/service/attempt_limit.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hal::service {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1000s};

int taken_at_once(AttemptLimit& limit, std::string_view key, TimePoint now) {
  int taken = 0;
  while (!limit.take(key, now)) ++taken;
  return taken;
}

TEST(AttemptLimit, ABurstThenOneInEachInterval) {
  AttemptLimit limit{{.burst = 3, .interval = 10s}};
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 3);
  EXPECT_EQ(limit.take("a", kNow), 10s);
  EXPECT_EQ(limit.take("a", kNow + 4s), 6s);  // asking too early costs nothing
  EXPECT_EQ(taken_at_once(limit, "a", kNow + 10s), 1);
  EXPECT_EQ(taken_at_once(limit, "a", kNow + 30s), 2);
  EXPECT_EQ(taken_at_once(limit, "a", kNow + 1h), 3);  // never more than the burst
}

TEST(AttemptLimit, KeysAreApart) {
  AttemptLimit limit{{.burst = 2, .interval = 10s}};
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 2);
  EXPECT_EQ(taken_at_once(limit, "b", kNow), 2);
}

TEST(AttemptLimit, WhatIsGivenBackDoesNotCount) {
  AttemptLimit limit{{.burst = 2, .interval = 10s}};
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(limit.take("a", kNow));
    limit.give_back("a");
  }
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 2);
  limit.give_back("a");
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 1);
  limit.give_back("unknown");
}

TEST(AttemptLimit, GivingBackNeverMakesABurstLarger) {
  AttemptLimit limit{{.burst = 2, .interval = 10s}};
  ASSERT_FALSE(limit.take("a", kNow));
  limit.give_back("a");
  limit.give_back("a");
  limit.give_back("a");
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 2);
}

TEST(AttemptLimit, ForgetsWhoHasTriedLeastRecently) {
  AttemptLimit limit{{.burst = 1, .interval = 10s, .keys_max = 2}};
  ASSERT_FALSE(limit.take("a", kNow));
  ASSERT_FALSE(limit.take("b", kNow));
  EXPECT_TRUE(limit.take("a", kNow));   // "b" is now the oldest
  ASSERT_FALSE(limit.take("c", kNow));  // in its place
  EXPECT_EQ(limit.size(), 2U);
  EXPECT_TRUE(limit.take("a", kNow));
  EXPECT_FALSE(limit.take("b", kNow));
  for (int i = 0; i < 10'000; ++i) (void)limit.take(std::to_string(i), kNow);
  EXPECT_EQ(limit.size(), 2U);
}

TEST(AttemptLimit, ThreadsTakeNoMoreThanThereIs) {
  AttemptLimit limit{{.burst = 1000, .interval = 10s}};
  std::atomic<int> taken{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { taken += taken_at_once(limit, "a", kNow); });
  }
  threads.clear();
  EXPECT_EQ(taken, 1000);
}

}  // namespace
}  // namespace hal::service
