#include <hal/collector/filter.hpp>

#include <gtest/gtest.h>

#include <hal/collector/testing/traces.hpp>

namespace hal::collector {
namespace {

using testing::kTraceStartNs;

Span tagged_span() {
  Span span = testing::make_span({.id = "1",
                                  .name = "login",
                                  .kind = SpanKind::kServer,
                                  .start_us = 10,
                                  .duration_us = 50,
                                  .error = "refused"});
  span.attributes = {{"user", "ww"}, {"http.response.status_code", 503L}, {"cached", false}};
  span.events = {{.name = "retry", .attributes = {{"attempt", 2L}}}};
  span.scope = std::make_shared<Instrumentation>("hal", "");
  span.resource =
      std::make_shared<Resource>("api", std::vector<Attribute>{{"k8s.pod.name", "api-1"}});
  return span;
}

TEST(TraceFilter, EveryConditionMustHold) {
  struct Case {
    TraceFilter filter;
    bool wanted;
  };
  const std::vector<Case> cases{
      {{}, true},
      {{.service = "api"}, true},
      {{.service = "greeter"}, false},
      {{.service = "api", .operation = "logout"}, false},
      {{.duration_min_ns = 50'000}, true},
      {{.duration_min_ns = 50'001}, false},
      {{.duration_max_ns = 50'000}, true},
      {{.duration_max_ns = 49'999}, false},
      {{.start_min_unix_ns = kTraceStartNs + 10'000}, true},
      {{.start_min_unix_ns = kTraceStartNs + 10'001}, false},
      {{.start_max_unix_ns = kTraceStartNs + 10'000}, true},
      {{.start_max_unix_ns = kTraceStartNs + 9'999}, false},
      {{.tags = {{"user", "ww"}, {"cached", "false"}}}, true},
      {{.tags = {{"user", "ww"}, {"cached", "true"}}}, false},
      {{.tags = {{"http.response.status_code", "503"}}}, true},
      {{.tags = {{"attempt", "2"}}}, true},
      {{.tags = {{"k8s.pod.name", "api-1"}}}, true},
      {{.tags = {{"otel.scope.name", "hal"}}}, true},
      {{.tags = {{"otel.scope.name", "go"}}}, false},
      {{.tags = {{"otel.scope.version", ""}}}, false},
      {{.tags = {{"error", "true"}, {"span.kind", "server"}}}, true},
      {{.tags = {{"otel.status_code", "ERROR"}}}, true},
      {{.tags = {{"otel.status_code", "OK"}}}, false},
      {{.tags = {{"unknown", ""}}}, false},
  };
  const Span span = tagged_span();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(cases[i].filter.matches(span), cases[i].wanted) << "case " << i;
  }
}

TEST(TraceFilter, OneSpanMustMeetAllConditions) {
  const auto trace = testing::hello_trace();
  EXPECT_TRUE((TraceFilter{.service = "hal9000-greeter"}.matches(trace.spans)));
  EXPECT_FALSE(
      (TraceFilter{.service = "hal9000-greeter", .operation = "GET /api/v1/hello/:id"}.matches(
          trace.spans)));
  EXPECT_FALSE(TraceFilter{}.matches(std::vector<Span>{}));
}

}  // namespace
}  // namespace hal::collector
