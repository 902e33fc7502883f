#include <hal/app/metrics.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Metrics, HasEveryFamilyFromTheStart) {
  const auto text = metrics_text({}, {});
  for (const char* family :
       {"hal_requests_total counter", "hal_requests_refused_total counter",
        "hal_requests_in_flight gauge", "hal_request_duration_seconds histogram",
        "hal_connections gauge", "hal_connections_accepted_total counter",
        "hal_spans_recorded_total counter", "hal_spans_dropped_total counter",
        "hal_spans_exported_total counter", "hal_spans_failed_total counter",
        "hal_traces_dropped_total counter", "hal_trace_restarts_total counter",
        "hal_log_lines_dropped_total counter", "process_start_time_seconds gauge"}) {
    EXPECT_THAT(text, HasSubstr(std::string{"# TYPE "} + family + "\n"));
  }
  EXPECT_THAT(text, HasSubstr("\nhal_trace_restarts_total{reason=\"zero_id\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nhal_requests_in_flight{protocol=\"grpc\"} 0\n"));
}

TEST(Metrics, SumsWorkers) {
  WorkerMetrics one;
  one.requests.count({"http", "GET", "/a/:b"}, "200", 20ms);
  one.connections = {.accepted = 3, .open = 1};
  one.traces.spans_recorded = 5;
  one.traces.restarts[0] = 1;
  one.exports.spans_exported = 4;
  WorkerMetrics sum = one;
  sum.add(one);
  sum.requests.started("http");
  const auto text = metrics_text(
      sum, {.refusals = {{service::Protocol::kHttp, 431, 3}, {service::Protocol::kGrpc, 415, 1}},
            .log_lines_dropped = 7,
            .start_time = std::chrono::system_clock::time_point{1500ms}});
  for (const char* line :
       {"hal_requests_total{protocol=\"http\",method=\"GET\",route=\"/a/:b\",status=\"200\"} 2",
        "hal_requests_refused_total{protocol=\"http\",status=\"431\"} 3",
        "hal_requests_refused_total{protocol=\"grpc\",status=\"415\"} 1",
        "hal_requests_in_flight{protocol=\"http\"} 1",
        "hal_request_duration_seconds_bucket{protocol=\"http\",method=\"GET\",route=\"/a/:b\","
        "le=\"0.025\"} 2",
        "hal_connections 2", "hal_connections_accepted_total 6", "hal_spans_recorded_total 10",
        "hal_spans_exported_total 8", "hal_trace_restarts_total{reason=\"traceparent\"} 2",
        "hal_log_lines_dropped_total 7", "process_start_time_seconds 1.5"}) {
    EXPECT_THAT(text, HasSubstr(std::string{"\n"} + line + "\n"));
  }
}

}  // namespace
}  // namespace hal::app
