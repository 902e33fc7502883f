// How keys and revocations are pulled: when, how often, and what happens when they cannot be.
#include <hal/identity/auth_cache.hpp>

#include <gmock/gmock.h>

#include <hal/async/thread_pool.hpp>
#include <hal/async/when_all.hpp>
#include <hal/identity/testing/test_issuer.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <fmt/format.h>

namespace hal::identity {
namespace {

using namespace std::chrono_literals;
using testing::TestIssuer;

Task<Result<>> start(AuthCache* cache) { co_return co_await cache->start(); }
Task<Result<>> refresh(AuthCache* cache) { co_return co_await cache->refresh(); }
Task<Result<>> refresh_for_key(AuthCache* cache) {
  co_return co_await cache->refresh_for_unknown_key();
}
Task<Result<int>> refresh_for_key_at(AuthCache* cache, int index) {
  co_await or_return(cache->refresh_for_unknown_key());
  co_return index;
}
Task<Result<>> refresh_at_once(AuthCache* cache) {
  co_await or_return(when_all(refresh_for_key_at(cache, 1), refresh_for_key_at(cache, 2)));
  co_return Result<>{};
}

/// What came of a Task that runs beside the test.
struct Outcome {
  bool done = false;
  Status status{};
};
Task<> note_start(AuthCache* cache, Outcome* outcome) {
  const auto started = co_await cache->start();
  *outcome = {.done = true, .status = started ? Status{} : started.error()};
}

Task<> note_refresh_for_key(AuthCache* cache, Outcome* outcome) {
  const auto refreshed = co_await cache->refresh_for_unknown_key();
  *outcome = {.done = true, .status = refreshed ? Status{} : refreshed.error()};
}

class AuthCacheTest : public ::testing::Test {
 protected:
  AuthCacheTest() { cache_.emplace(host_, issuer_.source(), AuthCacheOptions{}, clock()); }

  WallClock clock() {
    return [this] { return issuer_.now; };
  }
  void advance(Duration time) { host_.manual_loop().advance(time); }
  /// "ok", or why nothing is known.
  std::string current() {
    const auto data = cache_->current(host_.loop().now());
    return data ? "ok" : data.error().to_string();
  }

  const telemetry::testing::CapturedLogs logs_;
  TestIssuer issuer_;
  service::testing::TestHost host_;
  std::optional<AuthCache> cache_;
};

TEST_F(AuthCacheTest, PullsAtOnceAndThenEveryFiveSeconds) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  EXPECT_EQ(issuer_.asked, 1);
  EXPECT_EQ(current(), "ok");
  advance(4999ms);
  EXPECT_EQ(issuer_.asked, 1);
  advance(1ms);
  EXPECT_EQ(issuer_.asked, 2);
  issuer_.changes.cursor = 7;
  advance(60s);
  EXPECT_EQ(issuer_.asked, 14);
  EXPECT_EQ(issuer_.asked_since.at(2), 0);
  EXPECT_EQ(issuer_.asked_since.at(3), 7);
  EXPECT_EQ(issuer_.asked_since.back(), 7);
  EXPECT_TRUE(logs_.lines().empty());
}

TEST_F(AuthCacheTest, StartsWhenTheFirstPullHasSucceeded) {
  issuer_.failure = {Code::kUnavailable, "no node of 'hal9000-auth'"};
  Outcome outcome;
  host_.background().spawn(note_start, &*cache_, &outcome);
  advance(30s);
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(issuer_.asked, 31);  // once a second
  EXPECT_EQ(current(), "UNAVAILABLE: keys and revocations have not been pulled yet");
  issuer_.failure = {};
  advance(1s);
  EXPECT_TRUE(outcome.done);
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(current(), "ok");
  ASSERT_EQ(logs_.lines().size(), 2U);
  EXPECT_EQ(logs_.count("cannot be pulled: UNAVAILABLE: no node of 'hal9000-auth'"), 1U);
  EXPECT_EQ(logs_.count("are pulled again"), 1U);
}

TEST_F(AuthCacheTest, AStopEndsTheStart) {
  issuer_.failure = {Code::kUnavailable, "away"};
  Outcome outcome;
  host_.background().spawn(note_start, &*cache_, &outcome);
  advance(5s);
  host_.shut_down();
  EXPECT_TRUE(outcome.done);
  EXPECT_FALSE(outcome.status.ok());
  EXPECT_EQ(host_.background().active(), 0U);
}

TEST_F(AuthCacheTest, AProcessThatIsToEndDoesNotWaitForItsIssuer) {
  issuer_.failure = {Code::kUnavailable, "away"};
  Outcome outcome;
  host_.background().spawn(note_start, &*cache_, &outcome);
  advance(5s);
  EXPECT_FALSE(outcome.done);
  host_.drain().announce();
  host_.manual_loop().run_ready();
  EXPECT_TRUE(outcome.done);
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_NE(current(), "ok");
}

TEST_F(AuthCacheTest, WhatIsTooOldLetsNobodyIn) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.failure = {Code::kUnavailable, "away"};
  advance(60s);
  EXPECT_EQ(current(), "ok");
  advance(1ms);
  EXPECT_EQ(current(), "UNAVAILABLE: keys and revocations are 60 s old; at most 60 s");
  advance(1h);
  EXPECT_NE(current(), "ok");
  issuer_.failure = {};
  advance(1s);
  EXPECT_EQ(current(), "ok");
}

TEST_F(AuthCacheTest, ItsAgeCountsFromTheQuestion) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.takes = 1s;  // keys and revocations each
  const auto before = host_.loop().now();
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  EXPECT_EQ(host_.loop().now(), before + 2s);
  const auto data = cache_->current(host_.loop().now());
  ASSERT_TRUE(data);
  EXPECT_EQ((*data)->asked_at, before);
}

TEST_F(AuthCacheTest, AnIssuerThatIsSilentIsGivenUp) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.takes = 1h;
  advance(8s);  // 5 s, and 3 s of waiting
  EXPECT_EQ(logs_.count("cannot be pulled: DEADLINE_EXCEEDED"), 1U);
  issuer_.takes = {};
  advance(1s);
  EXPECT_EQ(logs_.count("are pulled again"), 1U);
}

TEST_F(AuthCacheTest, AnExceptionIsAFailureOfThePullAlone) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.throws = true;
  advance(5s);
  EXPECT_EQ(logs_.count("cannot be pulled: INTERNAL: unexpected exception: broken"), 1U);
  issuer_.throws = false;
  advance(1s);
  EXPECT_EQ(logs_.count("are pulled again"), 1U);
}

TEST_F(AuthCacheTest, ANewKeyIsKnownAfterARefresh) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.rotate();
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  EXPECT_EQ(issuer_.asked, 2);
  const auto data = cache_->current(host_.loop().now());
  ASSERT_TRUE(data);
  EXPECT_NE(find_key((*data)->keys, issuer_.kid, issuer_.now), nullptr);
  issuer_.failure = {Code::kUnavailable, "away"};
  const auto failed = host_.run(refresh, &*cache_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "away");
}

TEST_F(AuthCacheTest, AnUnknownKeyIsAskedForOnceInTenSeconds) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  EXPECT_TRUE(host_.run(refresh_for_key, &*cache_));
  EXPECT_EQ(issuer_.asked, 2);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(host_.run(refresh_for_key, &*cache_));
  EXPECT_EQ(issuer_.asked, 2);
  advance(9999ms);
  const int by_itself = issuer_.asked;
  EXPECT_TRUE(host_.run(refresh_for_key, &*cache_));
  EXPECT_EQ(issuer_.asked, by_itself);
  advance(1ms);
  const int then = issuer_.asked;
  EXPECT_TRUE(host_.run(refresh_for_key, &*cache_));
  EXPECT_EQ(issuer_.asked, then + 1);
}

TEST_F(AuthCacheTest, RequestsShareTheQuestionForAKey) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  EXPECT_TRUE(host_.run(refresh_at_once, &*cache_));
  EXPECT_EQ(issuer_.asked, 2);
}

TEST_F(AuthCacheTest, WhoComesWhileAKeyIsAskedForGetsThatAnswer) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.takes = 1s;
  Outcome first;
  Outcome second;
  host_.background().spawn(note_refresh_for_key, &*cache_, &first);
  advance(500ms);
  host_.background().spawn(note_refresh_for_key, &*cache_, &second);
  advance(1s);
  EXPECT_FALSE(first.done || second.done);
  advance(500ms);
  EXPECT_TRUE(first.done && second.done);
  advance(1s);
  EXPECT_EQ(issuer_.asked, 2);
}

TEST_F(AuthCacheTest, APullThatHadBegunDoesNotCount) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.takes = 1s;
  advance(5500ms);  // the second pull has half a second of its two behind it
  ASSERT_EQ(issuer_.asked, 2);
  Outcome first;
  Outcome second;
  host_.background().spawn(note_refresh_for_key, &*cache_, &first);
  advance(2s);
  EXPECT_EQ(issuer_.asked, 3);
  EXPECT_FALSE(first.done);  // what ended in between may have been asked before the key was made
  host_.background().spawn(note_refresh_for_key, &*cache_, &second);
  advance(1s);
  EXPECT_FALSE(second.done);
  advance(500ms);
  EXPECT_TRUE(first.done && second.done);
  EXPECT_EQ(issuer_.asked, 3);
}

TEST_F(AuthCacheTest, KeysThatAreNoneAreRefused) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  const auto good = issuer_.keys;
  const auto problem = [&](Keys keys) {
    issuer_.keys = std::move(keys);
    const auto refreshed = host_.run(refresh, &*cache_);
    return refreshed ? "" : refreshed.error().to_string();
  };
  const auto named = [&](std::string kid) { return VerificationKey{kid, good[0].key, {}}; };
  EXPECT_THAT(problem({named("")}), ::testing::HasSubstr("without a name"));
  EXPECT_THAT(problem({named(std::string(65, 'k'))}), ::testing::HasSubstr("without a name"));
  EXPECT_THAT(problem({named("a"), named("a")}), ::testing::HasSubstr("without a name of its own"));
  EXPECT_THAT(problem({{"zero", {}, {}}}), ::testing::HasSubstr("the key 'zero' is no point"));
  Keys many;
  for (int i = 0; i < 65; ++i) many.push_back(named(fmt::format("k{}", i)));
  EXPECT_THAT(problem(many), ::testing::HasSubstr("65 keys; at most 64"));
  // What was known stays, as long as it may.
  const auto data = cache_->current(host_.loop().now());
  ASSERT_TRUE(data);
  EXPECT_EQ((*data)->keys, good);
  EXPECT_EQ(problem(good), "");
}

TEST_F(AuthCacheTest, TooManyRevocationsAreAFailure) {
  AuthCache small{host_, issuer_.source(), {.revocations = {.entries_max = 1}}, clock()};
  ASSERT_TRUE(host_.run(start, &small));
  issuer_.changes = {.tokens = {{"a", issuer_.now}, {"b", issuer_.now}}, .cursor = 9};
  const auto refreshed = host_.run(refresh, &small);
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().code(), Code::kResourceExhausted);
  // The same question again: what did not fit has not been taken.
  issuer_.changes = {.tokens = {{"a", issuer_.now}}, .cursor = 9};
  EXPECT_TRUE(host_.run(refresh, &small));
  EXPECT_THAT(issuer_.asked_since, ::testing::ElementsAre(0, 0, 0));
}

TEST_F(AuthCacheTest, NothingNewCopiesNothing) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  const auto first = *cache_->current(host_.loop().now());
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  const auto second = *cache_->current(host_.loop().now());
  EXPECT_NE(first, second);
  EXPECT_EQ(first->revocations, second->revocations);
  issuer_.changes.tokens.push_back({"a", issuer_.now});
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  const auto third = *cache_->current(host_.loop().now());
  EXPECT_NE(third->revocations, second->revocations);
  EXPECT_EQ(second->revocations->size(), 0U);
  EXPECT_EQ(third->revocations->size(), 1U);
}

TEST_F(AuthCacheTest, AClockThatWasAheadHasEverythingToldAgain) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  const auto now = issuer_.now;
  const auto contains = [&](std::string_view id) {
    return (*cache_->current(host_.loop().now()))->revocations->contains(id, "", now);
  };
  issuer_.changes = {.tokens = {{"a", now + 600s}}, .cursor = 1};
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  EXPECT_TRUE(contains("a"));
  issuer_.now += 24h;
  issuer_.changes = {.tokens = {{"b", now + 600s}}, .cursor = 2};
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  EXPECT_FALSE(contains("a"));
  issuer_.now = now;
  issuer_.changes = {.tokens = {{"a", now + 600s}, {"b", now + 600s}}, .cursor = 2};
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  EXPECT_TRUE(contains("a") && contains("b"));
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  EXPECT_THAT(issuer_.asked_since, ::testing::ElementsAre(0, 0, 1, 0, 2));
}

TEST_F(AuthCacheTest, ManyRevocationsAreTakenInOnAnotherThread) {
  ThreadPool pool{{.threads = 1}};
  host_.loop().set_offload_pool(&pool);
  ASSERT_TRUE(host_.run(start, &*cache_));
  for (int i = 0; i < 2000; ++i) {
    issuer_.changes.tokens.push_back({fmt::format("t{}", i), issuer_.now});
  }
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  issuer_.changes.tokens = {{"last", issuer_.now}};
  ASSERT_TRUE(host_.run(refresh, &*cache_));
  const auto known = (*cache_->current(host_.loop().now()))->revocations;
  EXPECT_EQ(known->size(), 2001U);
  EXPECT_TRUE(known->contains("t1999", "", issuer_.now));
  EXPECT_TRUE(known->contains("last", "", issuer_.now));
  host_.shut_down();
}

TEST_F(AuthCacheTest, ItsEndDuringAPullIsTheLastPulls) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  issuer_.takes = 1s;
  advance(5500ms);
  ASSERT_EQ(issuer_.asked, 2);
  cache_.reset();
  advance(1500ms);  // what has begun ends
  EXPECT_EQ(host_.background().active(), 0U);
  EXPECT_EQ(issuer_.asked, 2);
}

TEST_F(AuthCacheTest, ItsEndIsTheEndOfItsPulls) {
  ASSERT_TRUE(host_.run(start, &*cache_));
  EXPECT_EQ(host_.background().active(), 1U);
  cache_.reset();
  host_.manual_loop().run_ready();
  EXPECT_EQ(host_.background().active(), 0U);
  advance(60s);
  EXPECT_EQ(issuer_.asked, 1);
}

}  // namespace
}  // namespace hal::identity
