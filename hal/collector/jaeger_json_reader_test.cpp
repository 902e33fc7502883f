// Answers of a real Jaeger (testdata/jaeger/README.md). Other JSON is in jaeger_json_test.cpp.
#include <hal/collector/jaeger_json_reader.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <hal/collector/doctor/diagnose.hpp>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::vector<Trace> recorded(std::string_view name) {
  std::ifstream file{fmt::format("{}/jaeger/{}", HAL_TESTDATA, name)};
  std::stringstream content;
  content << file.rdbuf();
  auto traces = parse_traces(content.str());
  if (traces) return std::move(*traces);
  ADD_FAILURE() << name << ": " << traces.error().to_string();
  return {};
}

doctor::Diagnosis diagnose_recorded(std::string_view name) {
  auto traces = recorded(name);
  std::uint64_t end_ns = 0;
  for (const Trace& trace : traces) end_ns = std::max(end_ns, trace.end_unix_ns());
  return doctor::diagnose(std::move(traces), {.now_unix_ns = end_ns + 60'000'000'000});
}

TEST(RealJaeger, AHealthyTraceIsOneTree) {
  const auto traces = recorded("healthy.json");
  ASSERT_EQ(traces.size(), 1U);
  const auto& spans = traces[0].spans;
  ASSERT_EQ(spans.size(), 8U);
  EXPECT_EQ(spans.front().service(), "istio-ingressgateway.istio-system");
  EXPECT_TRUE(spans.front().is_root());
  for (const Span& span : spans) {
    EXPECT_EQ(span.trace_id, traces[0].id);
    EXPECT_NE(span.kind, SpanKind::kUnspecified) << span.name;
    EXPECT_GT(span.duration_ns(), 0U) << span.name;
    EXPECT_TRUE(span.is_root() == (&span == &spans.front())) << span.name;
    const bool has_parent = std::ranges::find(spans, span.parent_id, &Span::span_id) != spans.end();
    EXPECT_TRUE(has_parent || span.is_root()) << span.name;
  }
  const auto diagnosis = diagnose_recorded("healthy.json");
  EXPECT_EQ(diagnosis.services, 3U);
  EXPECT_TRUE(diagnosis.findings.empty() && diagnosis.doubts.empty());
}

TEST(RealJaeger, TagsKeepTheirTypes) {
  const auto traces = recorded("healthy.json");
  ASSERT_FALSE(traces.empty());
  const auto span = std::ranges::find_if(traces[0].spans, [](const Span& each) {
    return each.service() == "hal9000-api" && each.kind == SpanKind::kServer;
  });
  ASSERT_NE(span, traces[0].spans.end());
  EXPECT_EQ(span->name, "GET /api/v1/hello/:id");
  EXPECT_THAT(span->attributes,
              UnorderedElementsAre(Attribute{"http.request.header.x-request-id",
                                             R"(["7451c940-16c1-96e8-bb98-b6016f24afd6"])"},
                                   Attribute{"http.response.status_code", std::int64_t{200}},
                                   Attribute{"otel.scope.name", "hal9000"}));
  EXPECT_THAT(span->resource->attributes, ElementsAre(Attribute{"telemetry.sdk.name", "hal9000"}));
}

TEST(RealJaeger, ABrokenTraceIsFound) {
  const auto traces = recorded("broken.json");
  EXPECT_EQ(traces.size(), 2U);
  const auto diagnosis = diagnose_recorded("broken.json");
  ASSERT_EQ(diagnosis.findings.size(), 1U);
  const auto& finding = diagnosis.findings.front();
  EXPECT_EQ(finding.cause, doctor::Cause::kNoContext);
  EXPECT_EQ(finding.service, "api.default");
  EXPECT_EQ(finding.upstream, "greeter.default");
  EXPECT_EQ(finding.provider, doctor::Provider::kZipkin);
  EXPECT_TRUE(finding.request_id_kept);
}

TEST(RealJaeger, WarnsOfClocks) {
  const auto traces = recorded("broken.json");
  ASSERT_EQ(traces.size(), 2U);
  EXPECT_TRUE(traces[0].warnings.empty());
  EXPECT_THAT(traces[1].warnings, ElementsAre(::testing::HasSubstr("clock skew adjustment")));
}

/// Zipkin's tag `error` has the reason; Jaeger leaves it, and adds one of its own.
TEST(RealJaeger, AFailedSpanOfZipkinsSaysWhy) {
  const auto traces = recorded("failed.json");
  ASSERT_EQ(traces.size(), 1U);
  ASSERT_EQ(traces[0].spans.size(), 2U);
  for (const Span& span : traces[0].spans) {
    EXPECT_EQ(span.status, SpanStatus::kError);
    EXPECT_EQ(span.status_message,
              "cannot reach 'hal9000-greeter': cannot connect to 127.0.0.1:1: 127.0.0.1:1: "
              "Connection refused");
  }
}

TEST(RealJaeger, AnswersWithoutTraces) {
  // GET /api/services and /api/traces?service=x of one that has no spans.
  EXPECT_TRUE(
      parse_names(R"({"data":null,"total":0,"limit":0,"offset":0,"errors":null})")->empty());
  EXPECT_TRUE(parse_traces(R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})")->empty());
}

}  // namespace
}  // namespace hal::collector
