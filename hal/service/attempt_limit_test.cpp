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

TEST(AttemptLimit, HoweverManyAreRefusedTheNextIsAnIntervalAway) {
  AttemptLimit limit{{.burst = 3, .interval = 1s}};
  int taken = 0;
  for (Duration at = 0s; at < 60s; at += 1ms) {
    if (!limit.take("a", kNow + at)) ++taken;
  }
  EXPECT_EQ(taken, 3 + 59);
  EXPECT_FALSE(limit.take("a", kNow + 60s)) << "whoever comes when told gets in";
}

TEST(AttemptLimit, ForgetsWhoHasToWaitLeast) {
  AttemptLimit limit{{.burst = 2, .interval = 10s, .keys_max = 2}};
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 2);
  for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(limit.take(std::to_string(i), kNow));
  EXPECT_EQ(limit.size(), 2U);
  EXPECT_EQ(limit.take("a", kNow), 10s) << "no crowd of others frees it";
}

TEST(AttemptLimit, ForgetsWhoIsFreeAgain) {
  AttemptLimit limit{{.burst = 2, .interval = 10s}};
  ASSERT_FALSE(limit.take("a", kNow));
  ASSERT_FALSE(limit.take("b", kNow));
  limit.give_back("b");
  ASSERT_FALSE(limit.take("c", kNow + 1s));
  EXPECT_EQ(limit.size(), 2U) << "b is as if it had not tried";
  ASSERT_FALSE(limit.take("d", kNow + 1h));
  EXPECT_EQ(limit.size(), 1U);
}

TEST(AttemptLimit, GoesOnWhereAnotherOneHasEnded) {
  AttemptLimit before{{.burst = 2, .interval = 10s}};
  EXPECT_EQ(before.free_at("a"), std::nullopt);
  EXPECT_EQ(taken_at_once(before, "a", kNow), 2);
  EXPECT_EQ(before.free_at("a"), kNow + 20s);
  AttemptLimit after{{.burst = 2, .interval = 10s}};
  after.restore("a", *before.free_at("a"), kNow);
  EXPECT_EQ(after.take("a", kNow + 4s), 6s);
}

TEST(AttemptLimit, AClockThatIsSetBackLocksNobodyOut) {
  AttemptLimit limit{{.burst = 2, .interval = 10s}};
  EXPECT_EQ(taken_at_once(limit, "a", kNow), 2);
  TimePoint now = kNow - 500s;
  EXPECT_EQ(limit.take("a", now), 10s);
  EXPECT_EQ(limit.take("a", now += 4s), 6s);
  EXPECT_FALSE(limit.take("a", now += 6s)) << "who waits as told gets in";

  AttemptLimit other{{.burst = 2, .interval = 10s}};
  other.restore("a", kNow, now);
  EXPECT_EQ(other.take("a", now), 10s);
  EXPECT_FALSE(other.take("a", now + 10s));
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
