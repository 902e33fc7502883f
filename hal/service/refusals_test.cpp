#include <hal/service/refusals.hpp>

#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>

namespace hal::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr Refusals::Refusal kTooLarge{
    .http_status = 431, .why = "the head is too large", .peer = "10.0.0.1:5000"};
constexpr Refusals::Refusal kNoGrpc{
    .protocol = Protocol::kGrpc, .http_status = 415, .why = "no gRPC", .peer = "10.0.0.2:5000"};

TEST(Refusals, AreCountedByProtocolAndStatus) {
  const telemetry::testing::CapturedLogs logs;
  Refusals refusals;
  EXPECT_TRUE(refusals.counts().empty());
  for (int i = 0; i < 3; ++i) refusals.refused(kTooLarge, {});
  refusals.refused(kNoGrpc, {});
  EXPECT_THAT(refusals.counts(), ElementsAre(Refusals::Count{Protocol::kHttp, 431, 3},
                                             Refusals::Count{Protocol::kGrpc, 415, 1}));
}

TEST(Refusals, EachKindHasOneLineInAnInterval) {
  const telemetry::testing::CapturedLogs logs;
  Refusals refusals;
  const TimePoint start{};
  for (int i = 0; i < 3; ++i) refusals.refused(kTooLarge, start + i * 10s);
  refusals.refused(kNoGrpc, start + 30s);
  EXPECT_EQ(logs.lines().size(), 2U);
  EXPECT_EQ(logs.count("http request refused with 431: the head is too large (from 10.0.0.1:5000; "
                       "1 since the last such line)"),
            1U);
  EXPECT_EQ(logs.count("grpc request refused with 415: no gRPC"), 1U);

  refusals.refused(kTooLarge, start + 60s);
  EXPECT_EQ(logs.lines().size(), 3U);
  EXPECT_EQ(logs.count("3 since the last such line"), 1U);
}

TEST(Refusals, WhatQuotesTheClientIsCut) {
  const telemetry::testing::CapturedLogs logs;
  Refusals refusals;
  const std::string why(10'000, 'x');
  refusals.refused({.http_status = 400, .why = why, .peer = "p"}, {});
  EXPECT_EQ(logs.count("x (from p"), 1U);
  EXPECT_EQ(logs.count(std::string(201, 'x')), 0U);
}

}  // namespace
}  // namespace hal::service
