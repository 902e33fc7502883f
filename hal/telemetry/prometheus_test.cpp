#include <hal/telemetry/prometheus.hpp>

#include <gtest/gtest.h>

namespace hal::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(PrometheusText, WritesFamiliesAndSamples) {
  PrometheusText text;
  text.family("a_total", "counter", "How many.");
  text.sample({}, std::uint64_t{3});
  text.family("b", "gauge", "Now.");
  text.sample({{"x", "1"}, {"y", "a\"b\\c\nd"}}, std::int64_t{-1});
  text.sample({{"x", "2"}}, 0.5);
  EXPECT_EQ(text.take(),
            "# HELP a_total How many.\n# TYPE a_total counter\na_total 3\n"
            "# HELP b Now.\n# TYPE b gauge\n"
            "b{x=\"1\",y=\"a\\\"b\\\\c\\nd\"} -1\nb{x=\"2\"} 0.5\n");
}

TEST(PrometheusText, ABucketHasAllBelowIt) {
  Histogram histogram;
  histogram.record(1ms);
  histogram.record(8ms);
  histogram.record(20s);
  PrometheusText text;
  text.family("d_seconds", "histogram", "Durations.");
  text.sample({{"route", "/x"}}, histogram);
  const std::string out = text.take();
  for (const std::string line :
       {"d_seconds_bucket{route=\"/x\",le=\"0.005\"} 1\n",
        "d_seconds_bucket{route=\"/x\",le=\"0.01\"} 2\n",
        "d_seconds_bucket{route=\"/x\",le=\"10\"} 2\n",
        "d_seconds_bucket{route=\"/x\",le=\"+Inf\"} 3\n", "d_seconds_sum{route=\"/x\"} 20.009\n",
        "d_seconds_count{route=\"/x\"} 3\n"}) {
    EXPECT_NE(out.find(line), std::string::npos) << line << out;
  }
}

}  // namespace
}  // namespace hal::telemetry
