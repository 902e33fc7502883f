#include <hal/telemetry/request_metrics.hpp>

#include <gtest/gtest.h>

namespace hal::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr RequestKind kHello{.protocol = "http", .method = "GET", .route = "/hello/:id"};
constexpr RequestKind kSay{.protocol = "grpc", .method = "", .route = "greeter.Greeter/SayHello"};

TEST(Histogram, ABoundBelongsToItsBucket) {
  Histogram histogram;
  for (const auto duration : {0ms, 5ms, 6ms, 10ms, 10'000ms, 10'001ms}) histogram.record(duration);
  EXPECT_EQ(histogram.count(0), 2u);
  EXPECT_EQ(histogram.count(1), 2u);
  EXPECT_EQ(histogram.count(kDurationBounds.size() - 1), 1u);
  EXPECT_EQ(histogram.count(kDurationBounds.size()), 1u);
  EXPECT_EQ(histogram.sum(), 20'022ms);
}

TEST(RequestMetrics, CountsByKindAndStatus) {
  RequestMetrics metrics;
  metrics.count(kHello, "200", 1ms);
  metrics.count(kHello, "200", 30s);
  metrics.count(kHello, "404", 1ms);
  metrics.count(kSay, "OK", 1ms);
  ASSERT_EQ(metrics.routes().size(), 2u);
  const auto& hello = metrics.routes().find(kHello)->second;
  EXPECT_EQ(hello.by_status.at("200"), 2u);
  EXPECT_EQ(hello.by_status.at("404"), 1u);
  EXPECT_EQ(hello.duration.count(0), 2u);
  EXPECT_EQ(hello.duration.count(kDurationBounds.size()), 1u);
  EXPECT_EQ(metrics.routes().find(kSay)->second.by_status.at("OK"), 1u);
}

TEST(RequestMetrics, KnowsHowManyAreUnderWay) {
  RequestMetrics metrics;
  metrics.started("http");
  metrics.started("http");
  metrics.started("grpc");
  metrics.ended("http");
  EXPECT_EQ(metrics.in_flight("http"), 1);
  EXPECT_EQ(metrics.in_flight("grpc"), 1);
}

TEST(RequestMetrics, WorkersAreSummed) {
  RequestMetrics one;
  one.count(kHello, "200", 1ms);
  one.started("http");
  RequestMetrics two;
  two.count(kHello, "200", 2ms);
  two.count(kHello, "500", 3ms);
  two.count(kSay, "OK", 1ms);
  two.started("http");
  one.add(two);
  const auto& hello = one.routes().find(kHello)->second;
  EXPECT_EQ(hello.by_status.at("200"), 2u);
  EXPECT_EQ(hello.by_status.at("500"), 1u);
  EXPECT_EQ(hello.duration.sum(), 6ms);
  EXPECT_EQ(one.routes().size(), 2u);
  EXPECT_EQ(one.in_flight("http"), 2);
}

TEST(RequestMetrics, StopGrowing) {
  RequestMetrics metrics;
  for (std::size_t i = 0; i < RequestMetrics::kKindsMax + 10; ++i) {
    const std::string route = std::to_string(i);
    metrics.count({.protocol = "http", .method = "GET", .route = route}, "200", 1ms);
  }
  EXPECT_EQ(metrics.routes().size(), RequestMetrics::kKindsMax + 1);
  EXPECT_EQ(metrics.routes()
                .find(RequestKind{.protocol = "http", .method = "", .route = "_OTHER"})
                ->second.by_status.at("200"),
            10u);
}

}  // namespace
}  // namespace hal::telemetry
