#include <hal/collector/refusal_log.hpp>

#include <gmock/gmock.h>

#include <hal/telemetry/testing/captured_logs.hpp>

namespace hal::collector {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(RefusalLog, OneLinePerFormatAndInterval) {
  const telemetry::testing::CapturedLogs logs;
  RefusalLog log{60s};
  const TimePoint start{1h};
  for (int i = 0; i < 5; ++i) log.refused(Format::kZipkinJson, start + i * 1s, "first");
  log.refused(Format::kOtlpJson, start, "other");
  log.refused(Format::kZipkinJson, start + 59s, "quiet");
  log.refused(Format::kZipkinJson, start + 60s, "again");
  log.refused(Format::kZipkinJson, start + 61s, "quiet");
  EXPECT_THAT(
      logs.lines(),
      ElementsAre(
          HasSubstr("spans refused (zipkin_json): first (1 requests since the last such line)"),
          HasSubstr("spans refused (otlp_json): other (1 requests since the last such line)"),
          HasSubstr("spans refused (zipkin_json): again (6 requests since the last such line)")));
}

TEST(RefusalLog, AfterAQuietTimeALineIsWrittenAtOnce) {
  const telemetry::testing::CapturedLogs logs;
  RefusalLog log{60s};
  log.refused(Format::kZipkinJson, TimePoint{1h}, "first");
  log.refused(Format::kZipkinJson, TimePoint{2h}, "second");
  EXPECT_THAT(logs.lines(), SizeIs(2));
}

}  // namespace
}  // namespace hal::collector
