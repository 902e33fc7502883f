#include <hal/wire/trace_inject.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <hal/wire/trace_extract.hpp>

#include <random>
#include <string>
#include <vector>

namespace hal::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string kTrace = "463ac35c9f6413ad48485a3953bb6124";
const std::string kSpan = "a2fb4a1d1a96d312";

SpanContext context_with(Sampling sampling, bool random = false) {
  return {.trace_id = *TraceId::from_hex(kTrace),
          .span_id = *SpanId::from_hex(kSpan),
          .sampling = sampling,
          .random = random};
}

std::vector<std::string> lines(const Headers& headers) {
  std::vector<std::string> all;
  for (const Headers::Field field : headers) {
    all.push_back(fmt::format("{}: {}", field.name, field.value));
  }
  return all;
}

std::vector<std::string> injected(const SpanContext& context,
                                  const ForwardedHeaders& forwarded = {},
                                  const InjectOptions& options = {}) {
  Headers out;
  inject(context, forwarded, options, out);
  return lines(out);
}

const std::string kTraceLine = "x-b3-traceid: " + kTrace;
const std::string kSpanLine = "x-b3-spanid: " + kSpan;

TEST(Inject, BothFormatsWithTheSameIds) {
  const std::string parent = "traceparent: 00-" + kTrace + "-" + kSpan;
  EXPECT_THAT(injected(context_with(Sampling::kAccepted)),
              UnorderedElementsAre(kTraceLine, kSpanLine, "x-b3-sampled: 1", parent + "-01"));
  EXPECT_THAT(injected(context_with(Sampling::kDenied)),
              UnorderedElementsAre(kTraceLine, kSpanLine, "x-b3-sampled: 0", parent + "-00"));
  EXPECT_THAT(injected(context_with(Sampling::kDebug)),
              UnorderedElementsAre(kTraceLine, kSpanLine, "x-b3-sampled: 1", "x-b3-flags: 1",
                                   parent + "-01"));
}

TEST(Inject, TheRandomFlagIsKeptAndNeverReachesB3) {
  const std::string parent = "traceparent: 00-" + kTrace + "-" + kSpan;
  EXPECT_THAT(injected(context_with(Sampling::kAccepted, true)),
              UnorderedElementsAre(kTraceLine, kSpanLine, "x-b3-sampled: 1", parent + "-03"));
  EXPECT_THAT(injected(context_with(Sampling::kDenied, true)),
              UnorderedElementsAre(kTraceLine, kSpanLine, "x-b3-sampled: 0", parent + "-02"));
}

TEST(Inject, DeferredSendsNoDecisionAndATraceparentOnlyIfOneCame) {
  EXPECT_THAT(injected(context_with(Sampling::kDeferred)),
              UnorderedElementsAre(kTraceLine, kSpanLine));
  EXPECT_THAT(injected(context_with(Sampling::kDeferred), {.trace_parent_seen = true}),
              UnorderedElementsAre(kTraceLine, kSpanLine,
                                   "traceparent: 00-" + kTrace + "-" + kSpan + "-00"));
}

TEST(Inject, B3SingleAndJaegerWhenTheyAreAskedFor) {
  const InjectOptions options{
      .b3_multi = false, .trace_context = false, .b3_single = true, .jaeger = true};
  const std::string single = "b3: " + kTrace + "-" + kSpan;
  const std::string uber = "uber-trace-id: " + kTrace + ":" + kSpan + ":0:";
  EXPECT_THAT(injected(context_with(Sampling::kAccepted, true), {}, options),
              UnorderedElementsAre(single + "-1", uber + "1"));
  EXPECT_THAT(injected(context_with(Sampling::kDenied), {}, options),
              UnorderedElementsAre(single + "-0", uber + "0"));
  EXPECT_THAT(injected(context_with(Sampling::kDebug), {}, options),
              UnorderedElementsAre(single + "-d", uber + "3"));
  EXPECT_THAT(injected(context_with(Sampling::kDeferred), {}, options), ElementsAre(single));
  EXPECT_THAT(injected({.sampling = Sampling::kDenied}, {}, options), ElementsAre("b3: 0"));
  EXPECT_THAT(injected({.sampling = Sampling::kDebug}, {}, options), ElementsAre("b3: d"));
  EXPECT_THAT(injected({}, {}, options), IsEmpty());
}

TEST(Inject, ADecisionWithoutIdsGoesOutAlone) {
  EXPECT_THAT(injected({.sampling = Sampling::kDenied}), ElementsAre("x-b3-sampled: 0"));
  EXPECT_THAT(injected({.sampling = Sampling::kAccepted}), ElementsAre("x-b3-sampled: 1"));
  EXPECT_THAT(injected({.sampling = Sampling::kDebug}),
              ElementsAre("x-b3-sampled: 1", "x-b3-flags: 1"));
  EXPECT_THAT(injected({}), IsEmpty());
  EXPECT_THAT(injected({.sampling = Sampling::kDenied}, {}, {.b3_multi = false}), IsEmpty());
  // Half a context is none.
  EXPECT_THAT(injected({.trace_id = *TraceId::from_hex("1")}, {.grpc_trace_bin_seen = true}),
              IsEmpty());
}

TEST(Inject, WhatTravelsBesideTheContext) {
  const ForwardedHeaders forwarded{
      .request_id = "id-1",
      .trace_state = "a=1",
      .baggage = "k=v",
      .grpc_trace_bin_seen = true,
      .pass_through = {{"sw8", "1-x"}, {"cookie", "a"}, {"cookie", "b"}}};
  EXPECT_THAT(injected(context_with(Sampling::kAccepted), forwarded),
              UnorderedElementsAre(kTraceLine, kSpanLine, "x-b3-sampled: 1",
                                   "traceparent: 00-" + kTrace + "-" + kSpan + "-01",
                                   "tracestate: a=1", "baggage: k=v", "x-request-id: id-1",
                                   "grpc-trace-bin: AABGOsNcn2QTrUhIWjlTu2EkAaL7Sh0altMSAgE",
                                   "sw8: 1-x", "cookie: a", "cookie: b"));
  EXPECT_THAT(injected(context_with(Sampling::kAccepted), forwarded,
                       {.b3_multi = false, .trace_context = false, .baggage = false}),
              UnorderedElementsAre("x-request-id: id-1", "sw8: 1-x", "cookie: a", "cookie: b",
                                   "grpc-trace-bin: AABGOsNcn2QTrUhIWjlTu2EkAaL7Sh0altMSAgE"));
}

TEST(Inject, NoTracestateWithoutTraceparent) {
  EXPECT_THAT(injected(context_with(Sampling::kDeferred), {.trace_state = "a=1"}),
              UnorderedElementsAre(kTraceLine, kSpanLine));
}

TEST(Inject, StaleHeadersOfTheCallerAreReplaced) {
  Headers out{{"B3", "0"},
              {"X-B3-ParentSpanId", "1"},
              {"x-b3-traceid", "1"},
              {"x-b3-flags", "1"},
              {"Traceparent", "x"},
              {"traceparent", "y"},
              {"tracestate", "old=1"},
              {"grpc-trace-bin", "AA"},
              {"Uber-Trace-Id", "1:1:0:1"},
              {"x-request-id", "old"},
              {"baggage", "old=1"},
              {"sw8", "own"},
              {"accept", "*/*"}};
  inject(context_with(Sampling::kDenied),
         {.request_id = "new", .baggage = "k=v", .pass_through = {{"sw8", "in"}, {"cookie", "c"}}},
         {}, out);
  EXPECT_THAT(lines(out),
              UnorderedElementsAre("accept: */*", "sw8: own", "cookie: c", kTraceLine, kSpanLine,
                                   "x-b3-sampled: 0", "x-request-id: new", "baggage: k=v",
                                   "traceparent: 00-" + kTrace + "-" + kSpan + "-00"));
}

TEST(Inject, AnInvalidContextStillRemovesWhatIsStale) {
  Headers out{{"traceparent", "x"}, {"b3", "1"}, {"x-request-id", "own"}};
  inject({}, {}, {}, out);
  EXPECT_THAT(lines(out), ElementsAre("x-request-id: own"));
}

TEST(Guard, DeniesInBothFormats) {
  Headers out{{"x-b3-traceid", "1"}, {"x-b3-sampled", "1"}, {"content-type", "x"}};
  inject_guard(out, *TraceId::from_hex(kTrace), *SpanId::from_hex(kSpan));
  EXPECT_THAT(lines(out), ElementsAre("content-type: x", "x-b3-sampled: 0",
                                      "traceparent: 00-" + kTrace + "-" + kSpan + "-00"));
}

TEST(GuardDeathTest, ZeroIdsAreABug) {
  Headers out;
  EXPECT_DEATH(inject_guard(out, {}, *SpanId::from_hex(kSpan)), "not zero");
}

// Every context that can be sent comes back as it was, whichever formats carry it.
class RoundTrip : public testing::Test {
 protected:
  SpanContext random_context() {
    SpanContext context;
    for (auto& byte : context.trace_id.bytes) byte = static_cast<std::uint8_t>(random_());
    for (auto& byte : context.span_id.bytes) byte = static_cast<std::uint8_t>(random_());
    if (random_() % 4 == 0) std::fill_n(context.trace_id.bytes.begin(), 8, std::uint8_t{0});
    context.trace_id.bytes[15] |= 1;
    context.span_id.bytes[7] |= 1;
    context.sampling = static_cast<Sampling>(random_() % 4);
    context.random = random_() % 2 == 0;
    return context;
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937 random_{seed_};
};

TEST_F(RoundTrip, AllStates) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  fmt::print("seed {}\n", seed_);
  for (int i = 0; i < 2000; ++i) {
    SpanContext context = random_context();
    ForwardedHeaders forwarded{.request_id = "id",
                               .trace_state = "a=1,b=2",
                               .baggage = "k=v;p=1,l=w",
                               .trace_parent_seen = random_() % 2 == 0,
                               .grpc_trace_bin_seen = random_() % 2 == 0};
    const bool traceparent = context.sampling != Sampling::kDeferred || forwarded.trace_parent_seen;
    Headers wire;
    inject(context, forwarded, {}, wire);
    const Extracted got = extract(wire, {});
    if (!traceparent) context.random = false;  // B3 alone has no place for it
    ASSERT_EQ(got.context, context);
    ASSERT_EQ(got.rejected, std::nullopt);
    ASSERT_FALSE(got.ambiguous);
    EXPECT_EQ(got.forwarded.request_id, forwarded.request_id);
    EXPECT_EQ(got.forwarded.baggage, forwarded.baggage);
    EXPECT_EQ(got.forwarded.trace_state, traceparent ? forwarded.trace_state : "");
    EXPECT_EQ(got.forwarded.trace_parent_seen, traceparent);
    EXPECT_EQ(got.forwarded.grpc_trace_bin_seen, forwarded.grpc_trace_bin_seen);
  }
}

TEST_F(RoundTrip, OneFormatOnly) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  for (int i = 0; i < 500; ++i) {
    SpanContext context = random_context();
    Headers b3;
    inject(context, {}, {.trace_context = false}, b3);
    context.random = false;
    ASSERT_EQ(extract(b3, {}).context, context);
    Headers single;
    inject(context, {}, {.b3_multi = false, .trace_context = false, .b3_single = true}, single);
    ASSERT_EQ(extract(single, {}).context, context);
    ASSERT_EQ(extract(single, {}).source, ContextSource::kB3Single);

    context = random_context();
    if (context.sampling == Sampling::kDeferred || context.sampling == Sampling::kDebug) continue;
    Headers w3c;
    inject(context, {}, {.b3_multi = false}, w3c);
    ASSERT_EQ(extract(w3c, {}).context, context);

    Headers jaeger;
    inject(context, {}, {.b3_multi = false, .trace_context = false, .jaeger = true}, jaeger);
    context.random = false;
    ASSERT_EQ(extract(jaeger, {}).context, context);
    ASSERT_EQ(extract(jaeger, {}).source, ContextSource::kUberTraceId);

    Headers binary;
    inject(context, {.grpc_trace_bin_seen = true}, {.b3_multi = false, .trace_context = false},
           binary);
    const Extracted got = extract(binary, {});
    ASSERT_EQ(got.context, context);
    ASSERT_EQ(got.source, ContextSource::kGrpcTraceBin);
  }
}

}  // namespace
}  // namespace hal::wire
