#include <hal/wire/trace_choice.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <vector>

namespace hal::wire {
namespace {

constexpr std::string_view kTrace = "11111111111111112222222222222222";
constexpr std::string_view kRootSpan = "2222222222222222";
constexpr std::string_view kOther = "33333333333333334444444444444444";

ContextCandidate candidate(ContextSource source, std::string_view trace, std::string_view span,
                           std::string_view parent = "0") {
  return {.context = {.trace_id = *TraceId::from_hex(trace), .span_id = *SpanId::from_hex(span)},
          .parent = *SpanId::from_hex(parent),
          .source = source};
}

constexpr auto kMulti = ContextSource::kB3Multi;
constexpr auto kSingle = ContextSource::kB3Single;
constexpr auto kW3cParent = ContextSource::kTraceparent;

struct Case {
  std::string_view label;
  std::vector<ContextCandidate> in;
  TraceStateForm trace_state;
  ContextSource want;  ///< with provider kAuto
  ContextSource want_zipkin;
  ContextSource want_w3c;
  bool ambiguous = false;
};

const std::vector<Case> kCases{
    {"nothing",
     {},
     TraceStateForm::kAbsent,
     ContextSource::kNone,
     ContextSource::kNone,
     ContextSource::kNone},
    {"one", {candidate(kMulti, kTrace, "1")}, TraceStateForm::kAbsent, kMulti, kMulti, kMulti},
    {"one traceparent",
     {candidate(kW3cParent, kTrace, "1")},
     TraceStateForm::kGiven,
     kW3cParent,
     kW3cParent,
     kW3cParent},
    {"0 empty tracestate beats a parent",
     {candidate(kMulti, kTrace, "1", "2"), candidate(kW3cParent, kTrace, "2")},
     TraceStateForm::kEmpty,
     kW3cParent,
     kMulti,
     kW3cParent},
    {"1 multi names the traceparent",
     {candidate(kMulti, kTrace, "1", "2"), candidate(kW3cParent, kTrace, "2")},
     TraceStateForm::kGiven,
     kMulti,
     kMulti,
     kW3cParent},
    {"1 a chain: b3 names multi names traceparent",
     {candidate(kMulti, kTrace, "1", "2"), candidate(kSingle, kTrace, "3", "1"),
      candidate(kW3cParent, kTrace, "2")},
     TraceStateForm::kAbsent,
     kSingle,
     kSingle,
     kW3cParent},
    {"1 multi names b3",
     {candidate(kMulti, kTrace, "1", "3"), candidate(kSingle, kTrace, "3", "9")},
     TraceStateForm::kAbsent,
     kMulti,
     kMulti,
     kMulti},
    {"1 not across traces",
     {candidate(kMulti, kTrace, "1", "2"), candidate(kSingle, kOther, "2", "7")},
     TraceStateForm::kAbsent,
     kSingle,
     kSingle,
     kSingle},
    {"2 all agree",
     {candidate(kMulti, kTrace, "1"), candidate(kSingle, kTrace, "1"),
      candidate(kW3cParent, kTrace, "1")},
     TraceStateForm::kAbsent,
     kMulti,
     kMulti,
     kW3cParent},
    {"3 multi with a parent nobody else is",
     {candidate(kMulti, kTrace, "1", "9"), candidate(kW3cParent, kOther, "2")},
     TraceStateForm::kAbsent,
     kMulti,
     kMulti,
     kW3cParent},
    {"3 a root as Envoy makes it",
     {candidate(kMulti, kTrace, kRootSpan), candidate(kW3cParent, kOther, "2")},
     TraceStateForm::kAbsent,
     kMulti,
     kMulti,
     kW3cParent},
    {"3 ... but not when its trace has gone on",
     {candidate(kMulti, kTrace, kRootSpan), candidate(kW3cParent, kTrace, "2")},
     TraceStateForm::kGiven,
     kW3cParent,
     kMulti,
     kW3cParent},
    {"3 ... beside a tracestate is a guess",
     {candidate(kMulti, kTrace, kRootSpan), candidate(kW3cParent, kOther, "2")},
     TraceStateForm::kGiven,
     kMulti,
     kMulti,
     kW3cParent,
     true},
    {"4 the kit's own headers behind an OpenTelemetry sidecar",
     {candidate(kMulti, kTrace, "1"), candidate(kW3cParent, kTrace, "2")},
     TraceStateForm::kGiven,
     kW3cParent,
     kMulti,
     kW3cParent},
    {"4 other traces: a guess",
     {candidate(kMulti, kTrace, "1"), candidate(kSingle, kTrace, "2"),
      candidate(kW3cParent, kOther, "2")},
     TraceStateForm::kAbsent,
     kW3cParent,
     kSingle,
     kW3cParent,
     true},
    {"4 single before multi",
     {candidate(kMulti, kTrace, "1"), candidate(kSingle, kTrace, "2")},
     TraceStateForm::kAbsent,
     kSingle,
     kSingle,
     kSingle},
};

TEST(Choice, TheFreshnessRuleStepByStep) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.label);
    const auto source = [&](MeshProvider provider) {
      const ContextChoice choice = choose_context(c.in, provider, c.trace_state);
      return choice.picked == nullptr ? ContextSource::kNone : choice.picked->source;
    };
    EXPECT_EQ(source(MeshProvider::kAuto), c.want);
    EXPECT_EQ(source(MeshProvider::kZipkin), c.want_zipkin);
    EXPECT_EQ(source(MeshProvider::kW3c), c.want_w3c);
    EXPECT_EQ(choose_context(c.in, MeshProvider::kAuto, c.trace_state).ambiguous, c.ambiguous);
  }
}

TEST(Choice, ParentsInACircleDoNotLoop) {
  const std::vector in{candidate(kMulti, kTrace, "1", "2"), candidate(kSingle, kTrace, "2", "1")};
  EXPECT_EQ(choose_context(in, MeshProvider::kAuto, TraceStateForm::kAbsent).picked->source,
            kSingle);
}

TEST(Choice, SourcesHaveTheNamesOfTheirHeaders) {
  EXPECT_EQ(to_string(ContextSource::kNone), "none");
  EXPECT_EQ(to_string(kMulti), "x-b3-traceid");
  EXPECT_EQ(to_string(kSingle), "b3");
  EXPECT_EQ(to_string(kW3cParent), "traceparent");
  EXPECT_EQ(to_string(ContextSource::kGrpcTraceBin), "grpc-trace-bin");
}

}  // namespace
}  // namespace hal::wire
