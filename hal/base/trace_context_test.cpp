#include <hal/base/trace_context.hpp>

#include <gtest/gtest.h>

namespace hal {
namespace {

TEST(TraceId, ReadsShortAndUpperCaseHexAndWritesFullLowerCase) {
  const auto id = TraceId::from_hex("48485A3953BB6124");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->hex(), "000000000000000048485a3953bb6124");
  EXPECT_EQ(TraceId::from_hex("1")->hex(), "00000000000000000000000000000001");
}

TEST(TraceId, RefusesWhatIsNoHexOrTooLong) {
  EXPECT_FALSE(TraceId::from_hex("").has_value());
  EXPECT_FALSE(TraceId::from_hex("xyz").has_value());
  for (std::size_t at = 0; at < 16; ++at) {
    std::string text(16, 'f');
    text[at] = 'g';
    EXPECT_FALSE(SpanId::from_hex(text).has_value()) << text;
  }
  EXPECT_FALSE(TraceId::from_hex(std::string(33, '1')).has_value());
  EXPECT_FALSE(SpanId::from_hex(std::string(17, '1')).has_value());
}

TEST(SpanContext, ZeroIdsAreInvalid) {
  SpanContext context{.trace_id = *TraceId::from_hex("1"), .span_id = *SpanId::from_hex("0")};
  EXPECT_FALSE(context.valid());
  context.span_id = *SpanId::from_hex("2");
  EXPECT_TRUE(context.valid());
}

}  // namespace
}  // namespace hal
