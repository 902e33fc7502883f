#include <hal/telemetry/id_generator.hpp>

#include <gtest/gtest.h>

#include <set>

namespace hal::telemetry {
namespace {

TEST(IdGenerator, RepeatsItselfForTheSameSeed) {
  IdGenerator a{7};
  IdGenerator b{7};
  IdGenerator other{8};
  const TraceId first = a.trace_id();
  EXPECT_EQ(first, b.trace_id());
  EXPECT_EQ(a.span_id(), b.span_id());
  EXPECT_NE(first, other.trace_id());
}

TEST(IdGenerator, GivesDistinctValidIds) {
  IdGenerator ids;
  std::set<SpanId> seen;
  for (int i = 0; i < 10'000; ++i) {
    const SpanId id = ids.span_id();
    EXPECT_TRUE(id.valid());
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(IdGenerator, TwoProcessesNeverShareASequence) {
  IdGenerator a;
  IdGenerator b;
  EXPECT_NE(a.trace_id(), b.trace_id());
}

TEST(IdGenerator, FillsAnyLength) {
  IdGenerator ids{1};
  std::array<std::uint8_t, 19> bytes{};
  ids.fill(std::span{bytes}.first(18));
  EXPECT_EQ(bytes[18], 0);
  EXPECT_TRUE(bytes[16] != 0 || bytes[17] != 0);
}

}  // namespace
}  // namespace hal::telemetry
