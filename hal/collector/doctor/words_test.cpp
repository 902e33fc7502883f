#include <hal/collector/doctor/words.hpp>

#include <gmock/gmock.h>

namespace hal::collector::doctor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::array kCauses{
    Cause::kNoContext,        Cause::kOwnTrace,        Cause::kStaleContext,    Cause::kStaleEntry,
    Cause::kSpansNotExported, Cause::kSamplingChanged, Cause::kRequestIdChanged};
constexpr std::array kProviders{Provider::kZipkin, Provider::kOpenTelemetry};

Finding finding(Cause cause, Provider provider) {
  return {.cause = cause,
          .service = "api.default",
          .upstream = "greeter.default",
          .provider = provider};
}

TEST(Words, EachCauseNamesBothServicesAndACure) {
  for (const auto cause : kCauses) {
    for (const auto provider : kProviders) {
      const auto words = words_of(finding(cause, provider));
      SCOPED_TRACE(words.title);
      EXPECT_THAT(words.title, HasSubstr("api.default"));
      EXPECT_THAT(words.title, HasSubstr("greeter.default"));
      EXPECT_THAT(words.why, Not(IsEmpty()));
      EXPECT_THAT(words.cure, Not(IsEmpty()));
      EXPECT_EQ(words.headers.empty(), cause == Cause::kSpansNotExported);
      EXPECT_EQ(words.headers_are.empty(), words.headers.empty());
      EXPECT_THAT(name(cause), Not(IsEmpty()));
    }
  }
}

TEST(Words, TheHeadersAreThoseThatTheSidecarReads) {
  auto kept = finding(Cause::kNoContext, Provider::kZipkin);
  kept.request_id_kept = true;
  EXPECT_THAT(words_of(kept).headers, ElementsAre("x-b3-traceid", "x-b3-spanid", "x-b3-sampled"));
  EXPECT_THAT(words_of(kept).why, HasSubstr("a traceparent alone is not enough"));
  EXPECT_THAT(words_of(finding(Cause::kNoContext, Provider::kOpenTelemetry)).headers,
              ElementsAre("x-request-id", "traceparent", "tracestate"));
  EXPECT_THAT(words_of(finding(Cause::kStaleContext, Provider::kZipkin)).headers,
              ElementsAre("b3", "x-b3-traceid", "x-b3-spanid"));
  auto b3 = finding(Cause::kStaleContext, Provider::kZipkin);
  b3.is_b3 = true;
  EXPECT_THAT(words_of(b3).headers, ElementsAre("b3"));
  EXPECT_THAT(words_of(finding(Cause::kStaleContext, Provider::kOpenTelemetry)).headers,
              ElementsAre("traceparent"));
  EXPECT_THAT(words_of(finding(Cause::kSamplingChanged, Provider::kZipkin)).headers,
              ElementsAre("x-b3-sampled"));
}

TEST(Words, SayWhatConnectsRequestAndCall) {
  auto by_time = finding(Cause::kNoContext, Provider::kZipkin);
  by_time.by_time_alone = true;
  EXPECT_THAT(words_of(by_time).why, HasSubstr("No id connects the two"));
  EXPECT_THAT(words_of(finding(Cause::kNoContext, Provider::kZipkin)).why, Not(HasSubstr("No id")));
}

TEST(Words, LostSpansHaveAnotherCureThanUnsentOnes) {
  auto lost = finding(Cause::kSpansNotExported, Provider::kZipkin);
  EXPECT_THAT(words_of(lost).cure, HasSubstr("HAL_TRACE_MODE=forward"));
  lost.some_exported = true;
  EXPECT_THAT(words_of(lost).cure, HasSubstr("OTEL_BSP_MAX_QUEUE_SIZE"));
}

TEST(Words, AnIdThatCutsTracesSaysHowMany) {
  auto changed = finding(Cause::kRequestIdChanged, Provider::kOpenTelemetry);
  changed.requests = 63;
  changed.requests_without_call = 44;
  EXPECT_THAT(words_of(changed).why, HasSubstr("44 of 63 requests"));
  changed.provider = Provider::kZipkin;
  EXPECT_THAT(words_of(changed).why, Not(HasSubstr("44")));
}

TEST(Words, ADoubtSaysWhatWouldTell) {
  EXPECT_THAT(
      words_of(Doubt{
          .service = "api.default", .upstream = "greeter.default", .calls = 25, .requests = 17}),
      AllOf(HasSubstr("api.default begins 25"), HasSubstr("17 requests"), HasSubstr("100 %")));
  EXPECT_THAT(words_of(Doubt{.kind = Doubt::Kind::kUnrecorded,
                             .service = "api.default",
                             .upstream = "GET",
                             .calls = 5}),
              AllOf(HasSubstr("5 calls \"GET\""), HasSubstr("x-b3-sampled")));
}

}  // namespace
}  // namespace hal::collector::doctor
