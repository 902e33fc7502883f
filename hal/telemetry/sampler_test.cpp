#include <hal/telemetry/sampler.hpp>

#include <gtest/gtest.h>

#include <hal/telemetry/id_generator.hpp>

namespace hal::telemetry {
namespace {

using enum Sampling;

TraceId low_half(std::uint8_t first) {
  TraceId id;
  id.bytes.fill(0xff);
  id.bytes[8] = first;
  return id;
}

TEST(Sampler, DecidesByParentThenByRoot) {
  struct Case {
    std::string_view name;
    std::string_view argument;
    Sampling inherited;
    Sampling expected;
  };
  const Case cases[] = {
      {"", "", kDeferred, kAccepted},
      {"", "", kDenied, kDenied},
      {"", "", kAccepted, kAccepted},
      {"", "", kDebug, kDebug},
      {"parentbased_always_on", "", kDenied, kDenied},
      {"parentbased_always_off", "", kDeferred, kDenied},
      {"parentbased_always_off", "", kAccepted, kAccepted},
      {"parentbased_always_off", "", kDebug, kDebug},
      {"always_on", "", kDenied, kAccepted},
      {"always_on", "", kDeferred, kAccepted},
      {"always_off", "", kAccepted, kDenied},
      {"always_off", "", kDebug, kDebug},  // debug: no sampler may drop it
      {"traceidratio", "0.5", kAccepted, kDenied},
      {"traceidratio", "1", kDeferred, kAccepted},
      {"traceidratio", "", kDeferred, kAccepted},
      {"traceidratio", "0", kAccepted, kDenied},
      {"parentbased_traceidratio", "0.5", kDeferred, kDenied},
      {"parentbased_traceidratio", "0.5", kAccepted, kAccepted},
  };
  for (const Case& c : cases) {
    const auto sampler = Sampler::parse(c.name, c.argument);
    ASSERT_TRUE(sampler) << c.name;
    EXPECT_EQ(sampler->decide(c.inherited, low_half(0x80)), c.expected)
        << c.name << " " << c.argument << " " << static_cast<int>(c.inherited);
  }
}

TEST(Sampler, RatioLooksAtTheLowHalfOfTheTraceId) {
  const Sampler half = Sampler::ratio(0.5);
  EXPECT_EQ(half.decide(kDeferred, low_half(0x7f)), kAccepted);
  EXPECT_EQ(half.decide(kDeferred, low_half(0x80)), kDenied);
}

TEST(Sampler, RatioKeepsAboutThatPart) {
  const Sampler tenth = Sampler::ratio(0.1);
  IdGenerator ids{42};
  int kept = 0;
  for (int i = 0; i < 10'000; ++i) kept += is_sampled(tenth.decide(kDeferred, ids.trace_id()));
  EXPECT_NEAR(kept, 1000, 100);
}

TEST(Sampler, RefusesWhatItDoesNotKnow) {
  struct Case {
    std::string_view name;
    std::string_view argument;
  };
  const Case cases[] = {{"sometimes", ""},        {"parentbased_", ""},
                        {"traceidratio", "1.1"},  {"traceidratio", "-0.1"},
                        {"traceidratio", "0.5x"}, {"parentbased_traceidratio", "nan"},
                        {"Always_On", ""}};
  for (const Case& c : cases) {
    const auto sampler = Sampler::parse(c.name, c.argument);
    ASSERT_FALSE(sampler) << c.name;
    EXPECT_EQ(sampler.error().code(), Code::kInvalidArgument);
  }
}

TEST(Sampler, NamesItself) {
  EXPECT_EQ(Sampler{}.to_string(), "parentbased_always_on");
  EXPECT_EQ(Sampler::always_off().to_string(), "always_off");
  EXPECT_EQ(Sampler::parent_based(Sampler::ratio(0.25)).to_string(),
            "parentbased_traceidratio 0.25");
}

}  // namespace
}  // namespace hal::telemetry
