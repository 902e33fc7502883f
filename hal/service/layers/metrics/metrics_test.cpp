#include <hal/service/layers/metrics/metrics.hpp>

#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/service/testing/test_call.hpp>

namespace hal::layers {
namespace {

using namespace std::chrono_literals;
using service::Call;
using service::Protocol;
using service::testing::TestTerminal;

class MetricsTest : public ::testing::Test {
 protected:
  void run(Call call, TestTerminal::Function handler) {
    const service::Layers layers{std::make_shared<Metrics>(workers_)};
    TestTerminal terminal{std::move(handler)};
    EXPECT_TRUE(hal::testing::run(service::testing::run_call_body, &layers, &terminal, &call));
  }

  const telemetry::RequestMetrics& metrics() const { return workers_->front(); }
  std::uint64_t count(const telemetry::RequestKind& kind, std::string_view status) const {
    const auto route = metrics().routes().find(kind);
    if (route == metrics().routes().end()) return 0;
    const auto found = route->second.by_status.find(status);
    return found == route->second.by_status.end() ? 0 : found->second;
  }

  const std::shared_ptr<Metrics::PerWorker> workers_ = std::make_shared<Metrics::PerWorker>(1);
};

Task<> takes_a_second(Call& call, const telemetry::RequestMetrics* metrics) {
  EXPECT_EQ(metrics->in_flight("http"), 1);
  EXPECT_TRUE(co_await sleep(1s));
  call.http_status = 204;
}

Task<> fails(Call& call, Code code, int http_status) {
  call.status = {code, "why"};
  call.http_status = http_status;
  co_return;
}

TEST_F(MetricsTest, CountsHttpByMethodRouteAndStatus) {
  run({.method = "GET", .path = "/hello/1", .route = "/hello/:id"},
      [this](Call& call) { return takes_a_second(call, &metrics()); });
  const telemetry::RequestKind kind{"http", "GET", "/hello/:id"};
  EXPECT_EQ(count(kind, "204"), 1u);
  EXPECT_EQ(metrics().routes().find(kind)->second.duration.sum(), 1s);
  EXPECT_EQ(metrics().in_flight("http"), 0);
}

TEST_F(MetricsTest, AFailureHasTheStatusThatIsSent) {
  const Call call{.method = "GET", .path = "/x", .route = "/x"};
  const telemetry::RequestKind kind{"http", "GET", "/x"};
  run(call, [](Call& c) { return fails(c, Code::kNotFound, 0); });
  run(call, [](Call& c) { return fails(c, Code::kUnavailable, 200); });
  run(call, [](Call& c) { return fails(c, Code::kUnimplemented, 405); });
  run(call, nullptr);
  EXPECT_EQ(count(kind, "404"), 1u);
  EXPECT_EQ(count(kind, "503"), 1u);
  EXPECT_EQ(count(kind, "405"), 1u);
  EXPECT_EQ(count(kind, "200"), 1u);
}

TEST_F(MetricsTest, CountsRpcsByMethodAndCode) {
  const Call call{.protocol = Protocol::kGrpc, .method = "greeter.Greeter/SayHello"};
  run(call, nullptr);
  run(call, [](Call& c) { return fails(c, Code::kDeadlineExceeded, 0); });
  const telemetry::RequestKind kind{"grpc", "", "greeter.Greeter/SayHello"};
  EXPECT_EQ(count(kind, "OK"), 1u);
  EXPECT_EQ(count(kind, "DEADLINE_EXCEEDED"), 1u);
}

TEST_F(MetricsTest, WhatAClientMakesUpGrowsNothing) {
  for (int number = 0; number < 10; ++number) {
    const std::string method = "X" + std::to_string(number);
    run({.method = method, .path = "/" + method}, nullptr);
  }
  run({.method = "GET", .path = "/nowhere"}, nullptr);
  EXPECT_EQ(metrics().routes().size(), 2u);
  EXPECT_EQ(count({"http", "_OTHER", ""}, "200"), 10u);
  EXPECT_EQ(count({"http", "GET", ""}, "200"), 1u);
}

}  // namespace
}  // namespace hal::layers
