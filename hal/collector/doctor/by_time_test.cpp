#include <hal/collector/doctor/by_time.hpp>

#include <random>

#include <gmock/gmock.h>

#include <hal/collector/testing/mesh_traces.hpp>

namespace hal::collector::doctor {
namespace {

using testing::break_off;
using ::testing::Each;
using ::testing::Field;
using ::testing::IsEmpty;
using testing::mesh_trace;
using ::testing::NotNull;
using testing::set_request_id;
using ::testing::SizeIs;
using testing::span_at;

constexpr std::uint64_t kMs = 1'000'000;

/// Requests of api, and calls that begin traces; times in milliseconds.
class Load {
 public:
  void request(std::uint64_t start_ms, std::uint64_t duration_ms) {
    Trace trace = mesh_trace({.number = ++number_});
    (void)break_off(trace, "api out");
    place(span_at(trace, "api in"), start_ms, duration_ms);
    traces_.push_back(std::move(trace));
  }

  void call(std::uint64_t start_ms, std::uint64_t duration_ms) {
    Trace whole = mesh_trace({.number = ++number_});
    Trace trace = break_off(whole, "api out");
    set_request_id(trace, "api out", "ffffffff-0000-9000-8000-000000000000");
    place(span_at(trace, "api out"), start_ms, duration_ms);
    traces_.push_back(std::move(trace));
  }

  /// A request through another Envoy.
  void other(std::uint64_t start_ms) {
    Trace trace = mesh_trace({.number = ++number_});
    place(span_at(trace, "gateway"), start_ms, 10);
    traces_.push_back(break_off(trace, "gateway"));
    std::erase_if(traces_.back().spans, [](const Span& span) { return span.name != "gateway"; });
  }

  /// Pointers of the result are good for as long as this.
  ByTime judge() {
    mesh_.emplace(traces_);
    return connect_by_time(*mesh_, find_symptoms(*mesh_));
  }

 private:
  static void place(Span& span, std::uint64_t start_ms, std::uint64_t duration_ms) {
    span.start_unix_ns = 1'700'000'000'000 * kMs + start_ms * kMs;
    span.end_unix_ns = span.start_unix_ns + duration_ms * kMs;
  }

  std::uint32_t number_ = 0;
  std::vector<Trace> traces_;
  std::optional<Mesh> mesh_;
};

TEST(ByTime, OneCallInEachRequest) {
  Load load;
  for (std::uint64_t i = 0; i < 20; ++i) {
    load.request(i * 10, 10);
    load.call(i * 10 + 2, 5);
  }
  const auto result = load.judge();
  EXPECT_THAT(result.found, SizeIs(20));
  EXPECT_THAT(result.found, Each(Field(&Symptom::inbound, NotNull())));
  EXPECT_THAT(result.found, Each(Field(&Symptom::by_time_alone, true)));
  EXPECT_THAT(result.found, Each(Field(&Symptom::cause, Cause::kNoContext)));
  EXPECT_THAT(result.doubts, IsEmpty());
}

TEST(ByTime, RequestsAtOnce) {
  Load load;
  for (std::uint64_t i = 0; i < 100; ++i) {
    load.request(i, 50);
    load.call(i + 5, 20);
  }
  EXPECT_THAT(load.judge().found, SizeIs(100));
}

TEST(ByTime, FewCallsOfShortRequestsInALongTime) {
  Load load;  // busy for 1 % of the time
  for (std::uint64_t i = 0; i < 100; ++i) load.request(i * 1000, 10);
  for (std::uint64_t i = 0; i < 5; ++i) load.call(i * 20'000 + 2, 5);
  EXPECT_THAT(load.judge().found, SizeIs(5));
}

TEST(ByTime, AJobAtAnyTimeIsNone) {
  std::mt19937 random{7};
  for (int round = 0; round < 20; ++round) {
    Load load;  // busy for half of the time
    for (std::uint64_t i = 0; i < 500; ++i) load.request(i * 20, 10);
    for (int i = 0; i < 100; ++i) load.call(random() % 10'000, 2);
    EXPECT_THAT(load.judge().found, IsEmpty()) << round;
  }
}

TEST(ByTime, AsManyJobsAsRequestsAreNone) {
  std::mt19937 random{8};
  Load load;  // busy for three quarters of the time
  for (std::uint64_t i = 0; i < 400; ++i) load.request(i * 20, 15);
  for (int i = 0; i < 400; ++i) load.call(random() % 8000, 1);
  EXPECT_THAT(load.judge().found, IsEmpty());
}

TEST(ByTime, OneRequestIsNoBusyEnvoy) {
  Load load;
  load.request(0, 10);
  load.call(2, 5);
  EXPECT_THAT(load.judge().found, SizeIs(1));
}

TEST(ByTime, OneCallInEachRequestOfAnEnvoyThatIsAlwaysBusy) {
  std::mt19937 random{9};
  Load load;
  for (std::uint64_t i = 0; i < 100; ++i) {
    load.request(i * 10, 50);  // five at once; the calls' order is not the requests'
    load.call(i * 10 + random() % 30, 20);
  }
  EXPECT_THAT(load.judge().found, SizeIs(100));
}

TEST(ByTime, JobsOfAnEnvoyThatIsAlwaysBusyAreADoubt) {
  for (const std::uint64_t every_ms : {2000U, 2900U, 5000U}) {
    Load load;  // long polls back to back for a minute
    for (std::uint64_t i = 0; i < 40; ++i) load.request(i * 1500, 1500);
    for (std::uint64_t at = 700; at < 60'000; at += every_ms) load.call(at, 5);
    const auto result = load.judge();
    EXPECT_THAT(result.found, IsEmpty()) << every_ms;
    EXPECT_THAT(result.doubts, SizeIs(1)) << every_ms;
  }
}

TEST(ByTime, AsManyJobsAsRequestsOfAnEnvoyThatIsAlwaysBusyAreADoubt) {
  for (const int count : {10, 40, 400}) {
    std::mt19937 random{10};
    Load load;
    for (int i = 0; i < count; ++i) load.request(static_cast<std::uint64_t>(i) * 1500, 1500);
    for (int i = 0; i < count; ++i) {
      load.call(random() % (static_cast<std::uint64_t>(count) * 1500 - 10), 1);
    }
    const auto result = load.judge();
    EXPECT_THAT(result.found, IsEmpty()) << count;
    EXPECT_THAT(result.doubts, SizeIs(1)) << count;
  }
}

TEST(ByTime, AJobOfAShortLivedPodIsNone) {
  Load load;  // busy for half of the minute that it lives, in an hour of others
  for (std::uint64_t i = 0; i < 3000; ++i) load.request(i * 20, 10);
  for (std::uint64_t i = 0; i < 60; ++i) load.call(i * 1000 + 12 * (i % 2), 1);
  load.other(3'600'000);
  EXPECT_THAT(load.judge().found, IsEmpty());
}

TEST(ByTime, AJobDuringAStreamIsNone) {
  Load load;
  load.request(0, 60'000);
  for (std::uint64_t i = 0; i < 50; ++i) load.call(i * 1000 + 500, 5);
  const auto result = load.judge();
  EXPECT_THAT(result.found, IsEmpty());
  EXPECT_THAT(result.doubts, IsEmpty());
}

TEST(ByTime, ARareJobOfABusyServiceIsNone) {
  Load load;
  for (std::uint64_t i = 0; i < 500; ++i) load.request(i * 10, 10);
  for (std::uint64_t i = 0; i < 10; ++i) load.call(i * 500 + 2, 1);
  const auto result = load.judge();
  EXPECT_THAT(result.found, IsEmpty());
  EXPECT_THAT(result.doubts, IsEmpty());
}

TEST(ByTime, SamplesThatTellNothingAreADoubt) {
  Load load;  // of ten requests three were sampled, and three of their calls, independently
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (i % 10 < 3) load.request(i * 10, 10);
    if (i % 10 > 1 && i % 10 < 5) load.call(i * 10 + 2, 5);
  }
  const auto result = load.judge();
  EXPECT_THAT(result.found, IsEmpty());
  ASSERT_EQ(result.doubts.size(), 1U);
  const Doubt& doubt = result.doubts[0];
  EXPECT_EQ(doubt.service, "api.default");
  EXPECT_EQ(doubt.upstream, "greeter.default");
  EXPECT_EQ(doubt.calls, 30U);
  EXPECT_EQ(doubt.requests, 30U);
}

}  // namespace
}  // namespace hal::collector::doctor
