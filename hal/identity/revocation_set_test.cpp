#include <hal/identity/revocation_set.hpp>

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace hal::identity {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{seconds{1'000'000}};

RevocationSet with(const RevocationSet& set, const Revocations& changes, sys_seconds now = kNow,
                   const RevocationLimits& limits = {}) {
  auto next = set.with(changes, now, limits);
  EXPECT_TRUE(next);
  return next.value_or(RevocationSet{});
}

TEST(RevocationSet, KnowsTokensAndUsers) {
  const auto set =
      with({}, {.tokens = {{"t1", kNow}, {"t2", kNow + seconds{600}}}, .users = {{"jo", kNow}}});
  EXPECT_EQ(set.size(), 3U);
  EXPECT_TRUE(set.contains("t1", "ada", kNow));
  EXPECT_TRUE(set.contains("t2", "ada", kNow));
  EXPECT_FALSE(set.contains("t3", "ada", kNow));
  EXPECT_FALSE(set.contains("jo", "t1", kNow));
  EXPECT_FALSE(set.contains("", "", kNow));
  // Issued before, at, after.
  EXPECT_TRUE(set.contains("t3", "jo", kNow - seconds{1}));
  EXPECT_FALSE(set.contains("t3", "jo", kNow));
  EXPECT_FALSE(set.contains("t3", "jo", kNow + seconds{1}));
}

TEST(RevocationSet, ChangesAreAdded) {
  const auto first = with({}, {.tokens = {{"t1", kNow}}, .users = {{"jo", kNow}}});
  const auto second = with(first, {.tokens = {{"t2", kNow}}, .users = {{"jo", kNow + seconds{9}}}});
  EXPECT_TRUE(second.contains("t1", "", kNow));
  EXPECT_TRUE(second.contains("t2", "", kNow));
  EXPECT_TRUE(second.contains("", "jo", kNow + seconds{8}));
  EXPECT_FALSE(first.contains("t2", "", kNow));
  // A user's time never goes back.
  const auto third = with(second, {.users = {{"jo", kNow - seconds{9}}}});
  EXPECT_TRUE(third.contains("", "jo", kNow + seconds{8}));
}

TEST(RevocationSet, AUserWithoutANameIsEveryone) {
  const auto some = with({}, {.users = {{"jo", kNow}, {"ada", kNow + seconds{9}}}});
  const auto all = with(some, {.users = {{"", kNow + seconds{5}}}});
  EXPECT_TRUE(all.contains("t", "bob", kNow + seconds{4}));
  EXPECT_FALSE(all.contains("t", "bob", kNow + seconds{5}));
  EXPECT_TRUE(all.contains("t", "ada", kNow + seconds{8}));
  EXPECT_EQ(all.size(), 2U) << "what it says of jo is said of everyone";
  // Nothing of it is taken back, and there is place for others.
  EXPECT_TRUE(with(all, {.users = {{"", kNow}}}, kNow, {.entries_max = 2})
                  .contains("t", "jo", kNow + seconds{4}));
}

TEST(RevocationSet, ForgetsWhatNoTokenCanBeAnyMore) {
  const auto set = with({}, {.tokens = {{"t", kNow}}, .users = {{"jo", kNow}}});
  // The leeway after its expiry, a token is still taken.
  EXPECT_TRUE(with(set, {}, kNow + seconds{60}).contains("t", "", kNow));
  EXPECT_FALSE(with(set, {}, kNow + seconds{61}).contains("t", "", kNow));
  // A token issued just before has an hour at most.
  EXPECT_TRUE(with(set, {}, kNow + seconds{3660}).contains("", "jo", kNow - seconds{1}));
  EXPECT_FALSE(with(set, {}, kNow + seconds{3661}).contains("", "jo", kNow - seconds{1}));
}

TEST(RevocationSet, TimesOfAnotherProcessMayBeAny) {
  const auto set = with({}, {.tokens = {{"max", sys_seconds::max()}, {"min", sys_seconds::min()}},
                             .users = {{"max", sys_seconds::max()}, {"min", sys_seconds::min()}}});
  EXPECT_TRUE(set.contains("max", "", kNow));
  EXPECT_TRUE(set.contains("", "max", kNow));
  EXPECT_EQ(set.size(), 2U);
}

TEST(RevocationSet, HasALimit) {
  Revocations many;
  for (int i = 0; i < 11; ++i) many.tokens.push_back({fmt::format("t{}", i), kNow});
  const auto refused = RevocationSet{}.with(many, kNow, {.entries_max = 10});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_string(), "RESOURCE_EXHAUSTED: 11 revocations; at most 10");
  many.tokens.pop_back();
  const auto full = with({}, many, kNow, {.entries_max = 10});
  EXPECT_EQ(full.size(), 10U);
  EXPECT_FALSE(full.with({.tokens = {{"one more", kNow}}}, kNow, {.entries_max = 10}));
  // What has expired counts no more.
  const auto later = kNow + seconds{61};
  EXPECT_EQ(with(full, {.tokens = {{"new", later}}}, later, {.entries_max = 10}).size(), 1U);
}

}  // namespace
}  // namespace hal::identity
