#include <hal/telemetry/mode.hpp>

#include <gtest/gtest.h>

namespace hal::telemetry {
namespace {

using enum Mode;

TEST(Mode, IsReadWithoutCase) {
  EXPECT_EQ(parse_mode("full"), kFull);
  EXPECT_EQ(parse_mode("Forward"), kForward);
  EXPECT_EQ(parse_mode("OFF"), kOff);
  EXPECT_EQ(parse_mode("on").error().to_string(),
            "INVALID_ARGUMENT: \"on\" is none of full, forward and off");
}

TEST(Mode, IsChosenWithAReason) {
  struct Case {
    ModeInputs inputs;
    Mode mode;
    std::string_view reason;
  };
  const std::string otlp = "OTEL_EXPORTER_OTLP_ENDPOINT";
  const Case cases[] = {
      {{}, kForward, "no endpoint to export to is configured"},
      {{.endpoint_variable = otlp}, kFull, "OTEL_EXPORTER_OTLP_ENDPOINT is set"},
      {{.local_collector = true}, kFull, "a collector is in the local registry"},
      {{.explicit_mode = kOff, .endpoint_variable = otlp}, kOff, "HAL_TRACE_MODE is set"},
      {{.explicit_mode = kFull, .enable_trace = false, .sdk_disabled = true},
       kFull,
       "HAL_TRACE_MODE is set"},
      {{.enable_trace = false, .endpoint_variable = otlp}, kOff, "ENABLE_TRACE is false"},
      {{.enable_trace = true, .endpoint_variable = otlp},
       kFull,
       "OTEL_EXPORTER_OTLP_ENDPOINT is set"},
      {{.enable_trace = true},
       kForward,
       "ENABLE_TRACE is true, but no endpoint to export to is configured"},
      {{.sdk_disabled = true, .endpoint_variable = otlp, .local_collector = true},
       kForward,
       "OTEL_SDK_DISABLED is true"},
      {{.exporter_none = true, .local_collector = true}, kForward, "OTEL_TRACES_EXPORTER is none"},
  };
  for (const Case& c : cases) {
    const ModeChoice choice = choose_mode(c.inputs);
    EXPECT_EQ(name(choice.mode), name(c.mode)) << c.reason;
    EXPECT_EQ(choice.reason, c.reason);
  }
}

}  // namespace
}  // namespace hal::telemetry
