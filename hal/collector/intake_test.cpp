#include <hal/collector/intake.hpp>

#include <gmock/gmock.h>

#include <hal/collector/testing/traces.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

namespace hal::collector {
namespace {

using ::testing::HasSubstr;

const std::string kZipkin = R"([{"traceId":"a","id":"b"},{"traceId":"a","id":"c"}])";

std::string metrics(const Intake& intake) {
  telemetry::PrometheusText text;
  intake.write(text);
  return text.take();
}

TEST(Intake, CountsByFormatAndOutcome) {
  Store store;
  Intake intake{store};
  EXPECT_TRUE(intake.take(Format::kZipkinJson, kZipkin));
  EXPECT_TRUE(intake.take(Format::kZipkinJson, kZipkin));
  EXPECT_TRUE(intake.take(Format::kOtlpJson, "{}"));
  EXPECT_TRUE(intake.take(Format::kOtlpGrpcJson, "{}"));
  EXPECT_FALSE(intake.take(Format::kOtlpProtobuf, kZipkin));
  EXPECT_FALSE(intake.take(Format::kOtlpGrpc, "\xff"));
  EXPECT_FALSE(intake.take(Format::kZipkinProtobuf, "\xff"));
  intake.refuse(Format::kOtlpJson, {Code::kUnimplemented, "content-encoding"});
  const std::string text = metrics(intake);
  for (const char* line :
       {R"(hal_collector_requests_total{format="zipkin_json"} 2)",
        R"(hal_collector_requests_total{format="otlp_json"} 1)",
        R"(hal_collector_requests_total{format="otlp_grpc_json"} 1)",
        R"(hal_collector_requests_total{format="otlp_protobuf"} 0)",
        R"(hal_collector_spans_received_total{format="zipkin_json"} 4)",
        R"(hal_collector_requests_refused_total{format="otlp_protobuf",reason="malformed"} 1)",
        R"(hal_collector_requests_refused_total{format="otlp_grpc",reason="malformed"} 1)",
        R"(hal_collector_requests_refused_total{format="zipkin_protobuf",reason="malformed"} 1)",
        R"(hal_collector_requests_refused_total{format="otlp_json",reason="unsupported"} 1)",
        R"(hal_collector_spans_dropped_total{reason="duplicate"} 2)", R"(hal_collector_traces 1)",
        R"(hal_collector_spans 2)"}) {
    EXPECT_THAT(text, HasSubstr(std::string{"\n"} + line + "\n"));
  }
}

TEST(Intake, ManyRefusalsAreOneLine) {
  const telemetry::testing::CapturedLogs logs;
  Store store;
  Intake intake{store};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(intake.take(Format::kZipkinJson, "{"));
  EXPECT_EQ(logs.count("spans refused (zipkin_json)"), 1U);
  EXPECT_THAT(metrics(intake), HasSubstr(R"({format="zipkin_json",reason="malformed"} 3)"));
}

TEST(Intake, TooManySpansAreTooLarge) {
  Store store;
  Intake intake{store};
  std::string body = "[";
  for (int i = 0; i < 100'000; ++i) body += R"({"traceId":"a","id":"b"},)";
  const auto taken = intake.take(Format::kZipkinJson, body + R"({"traceId":"a","id":"b"}])");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Code::kResourceExhausted);
  EXPECT_THAT(metrics(intake),
              HasSubstr(R"(refused_total{format="zipkin_json",reason="too_large"} 1)"));
  EXPECT_EQ(store.stats().spans, 0U);
}

TEST(Intake, WhatTheStoreDropsIsCounted) {
  Store store{{.traces_max = 1, .spans_per_trace_max = 1}};
  Intake intake{store};
  EXPECT_TRUE(intake.take(Format::kZipkinJson, kZipkin));
  EXPECT_TRUE(intake.take(Format::kZipkinJson, R"([{"traceId":"d","id":"e"}])"));
  const std::string text = metrics(intake);
  EXPECT_THAT(text, HasSubstr(R"(dropped_total{reason="trace_too_large"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(dropped_total{reason="evicted"} 1)"));
}

}  // namespace
}  // namespace hal::collector
