#include <hal/collector/trace_check.hpp>

#include <gmock/gmock.h>

#include <hal/collector/testing/traces.hpp>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using testing::hello_trace;
using ::testing::IsEmpty;
using testing::make_span;
using testing::make_trace;

const TraceExpectations kHello{.spans = {{"hal9000-api", SpanKind::kServer},
                                         {"hal9000-api", SpanKind::kClient},
                                         {"hal9000-greeter", SpanKind::kServer}}};
const std::string kTrace = "trace 4bf92f3577b34da6a3ce929d0e0e4736";

TEST(TraceCheck, TheHelloTraceIsWhole) {
  const auto report = check(hello_trace(), kHello);
  EXPECT_TRUE(report.whole());
  EXPECT_THAT(report.problems(), IsEmpty());
  ASSERT_EQ(report.roots.size(), 1U);
  EXPECT_EQ(report.roots[0].name, "GET /api/v1/hello/:id");
}

TEST(TraceCheck, ATraceWithoutSpansIsNotWhole) {
  const auto report = check(make_trace({}), kHello);
  EXPECT_FALSE(report.whole());
  EXPECT_THAT(report.problems(), ElementsAre(kTrace + " has no spans"));
}

TEST(TraceCheck, NamesTheParentNobodySent) {
  auto trace = hello_trace();
  trace.spans.erase(trace.spans.begin() + 1);
  const auto report = check(trace, kHello);
  EXPECT_FALSE(report.whole());
  EXPECT_THAT(report.missing, ElementsAre(ExpectedSpan{"hal9000-api", SpanKind::kClient}));
  EXPECT_THAT(report.problems(),
              ElementsAre(kTrace + ": span 00000000000000b1 \"greeter.GreeterService/SayHello\" of "
                                   "hal9000-greeter has parent 00000000000000a2, which nobody sent",
                          kTrace + " lacks the client span of hal9000-api"));
}

TEST(TraceCheck, NamesAllRoots) {
  auto trace = hello_trace();
  trace.spans[2].parent_id = {};
  const auto report = check(trace, kHello);
  EXPECT_FALSE(report.whole());
  EXPECT_THAT(report.problems(),
              ElementsAre(kTrace + " has 2 roots: 00000000000000a1 (hal9000-api \"GET "
                                   "/api/v1/hello/:id\"), 00000000000000b1 (hal9000-greeter "
                                   "\"greeter.GreeterService/SayHello\")"));
}

TEST(TraceCheck, ListsOfSpansAreKeptShort) {
  Trace trace = make_trace({});
  for (const auto* id : {"1", "2", "3", "4", "5", "6", "7"}) {
    trace.spans.push_back(make_span({.id = id}));
  }
  EXPECT_THAT(check(trace).problems(), ElementsAre(::testing::EndsWith(", 2 more")));
}

TEST(TraceCheck, ARemoteCallersSpanIsARootsParent) {
  auto trace = hello_trace();
  trace.spans[0].parent_id = *SpanId::from_hex("c0ffee");
  EXPECT_FALSE(check(trace, kHello).whole());
  auto expected = kHello;
  expected.remote_parent = SpanId::from_hex("c0ffee");
  EXPECT_TRUE(check(trace, expected).whole());
}

TEST(TraceCheck, AnIdUsedTwiceIsAFault) {
  auto trace = hello_trace();
  trace.spans[2].span_id = trace.spans[1].span_id;
  trace.spans[2].parent_id = trace.spans[0].span_id;
  const auto report = check(trace, kHello);
  EXPECT_FALSE(report.whole());
  EXPECT_THAT(
      report.problems(),
      ElementsAre(kTrace + ": span id 00000000000000a2 is used twice, again by hal9000-greeter "
                           "\"greeter.GreeterService/SayHello\""));
}

TEST(TraceCheck, ALoopIsFound) {
  const auto report = check(make_trace({{.id = "1"},
                                        {.id = "2", .parent = "3", .name = "b"},
                                        {.id = "3", .parent = "2", .name = "c"},
                                        {.id = "4", .parent = "4", .name = "self"}}));
  EXPECT_FALSE(report.whole());
  EXPECT_EQ(report.roots.size(), 1U);
  EXPECT_EQ(report.loops.size(), 3U);
  EXPECT_THAT(report.problems(), ElementsAre(::testing::EndsWith("are their own ancestors")));
}

TEST(TraceCheck, TwoExpectedSpansWantTwo) {
  const ExpectedSpan client{"hal9000-api", SpanKind::kClient};
  EXPECT_THAT(check(hello_trace(), {.spans = {client, client}}).missing, ElementsAre(client));
}

TEST(TraceCheck, TakesALongChain) {
  Trace trace = make_trace({});
  for (std::uint8_t high = 0; high < 200; ++high) {
    for (std::uint8_t low = 0; low < 100; ++low) {
      Span span = make_span({.id = "1"});
      span.parent_id = trace.spans.empty() ? SpanId{} : trace.spans.back().span_id;
      span.span_id.bytes = {1, high, low};
      trace.spans.push_back(span);
    }
  }
  EXPECT_TRUE(check(trace).whole());
}

}  // namespace
}  // namespace hal::collector
