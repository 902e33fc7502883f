#include <hal/collector/span.hpp>

#include <gtest/gtest.h>

#include <hal/collector/testing/traces.hpp>

namespace hal::collector {
namespace {

TEST(SpanKind, NamesAndBack) {
  for (const auto kind : {SpanKind::kUnspecified, SpanKind::kInternal, SpanKind::kServer,
                          SpanKind::kClient, SpanKind::kProducer, SpanKind::kConsumer}) {
    EXPECT_EQ(span_kind_from_name(name(kind)), kind);
  }
  EXPECT_EQ(name(SpanKind::kServer), "server");
  EXPECT_EQ(span_kind_from_name("SERVER"), SpanKind::kUnspecified);
  EXPECT_EQ(name(static_cast<SpanKind>(99)), "");
}

TEST(Value, ToText) {
  EXPECT_EQ(to_text(std::string{"x"}), "x");
  EXPECT_EQ(to_text(true), "true");
  EXPECT_EQ(to_text(std::int64_t{-42}), "-42");
  EXPECT_EQ(to_text(0.25), "0.25");
  EXPECT_EQ(to_text(Bytes{"\x01\xff"}), "01ff");
}

TEST(Span, DurationIsNeverNegative) {
  EXPECT_EQ((Span{.start_unix_ns = 5, .end_unix_ns = 3}.duration_ns()), 0U);
  EXPECT_EQ((Span{.start_unix_ns = 5, .end_unix_ns = 9}.duration_ns()), 4U);
  EXPECT_EQ(Span{}.service(), "unknown_service");
}

TEST(Trace, StartAndEndSpanAllSpans) {
  auto trace = testing::make_trace({{.id = "1", .start_us = 10, .duration_us = 5},
                                    {.id = "2", .start_us = 3, .duration_us = 4},
                                    {.id = "3", .start_us = 12, .duration_us = 50}});
  EXPECT_EQ(trace.start_unix_ns(), testing::kTraceStartNs + 3'000);
  EXPECT_EQ(trace.end_unix_ns(), testing::kTraceStartNs + 62'000);
  trace.sort_spans();
  EXPECT_EQ(trace.spans[0].span_id, *SpanId::from_hex("2"));
  EXPECT_EQ(Trace{}.start_unix_ns(), 0U);
  EXPECT_EQ(Trace{}.end_unix_ns(), 0U);
}

}  // namespace
}  // namespace hal::collector
