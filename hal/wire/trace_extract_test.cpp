#include <hal/wire/trace_extract.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <hal/wire/field.hpp>
#include <hal/wire/trace_inject.hpp>
#include <hal/wire/trace_names.hpp>

#include <random>
#include <string>

namespace hal::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kTrace = "463ac35c9f6413ad48485a3953bb6124";
constexpr std::string_view kSpan = "a2fb4a1d1a96d312";
constexpr std::string_view kParent = "00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-01";

TEST(Extract, NothingInNothingOut) {
  const Extracted got = extract({{"host", "api"}, {"accept", "*/*"}}, {});
  EXPECT_EQ(got.context, SpanContext{});
  EXPECT_EQ(got.source, ContextSource::kNone);
  EXPECT_FALSE(got.trace_headers_seen);
  EXPECT_FALSE(got.b3_seen);
  EXPECT_FALSE(got.rejected.has_value());
  EXPECT_THAT(got.forwarded.pass_through, IsEmpty());
}

TEST(Extract, SaysWhatCameInAndWhereTheContextIsFrom) {
  const Extracted w3c = extract({{"TraceParent", kParent}}, {});
  EXPECT_EQ(w3c.source, ContextSource::kTraceparent);
  EXPECT_TRUE(w3c.trace_headers_seen);
  EXPECT_TRUE(w3c.forwarded.trace_parent_seen);
  EXPECT_FALSE(w3c.b3_seen);
  const Extracted b3 = extract({{"X-B3-TraceId", kTrace}, {"X-B3-SpanId", kSpan}}, {});
  EXPECT_EQ(b3.source, ContextSource::kB3Multi);
  EXPECT_TRUE(b3.b3_seen);
  EXPECT_FALSE(b3.forwarded.trace_parent_seen);
  // A traceparent that cannot be read is no reason to send one for an undecided context.
  EXPECT_FALSE(extract({{"traceparent", "x"}}, {}).forwarded.trace_parent_seen);
}

TEST(Extract, TheRandomFlagAndDebugAreFactsOfTheTrace) {
  const Headers in{{"x-b3-traceid", kTrace},
                   {"x-b3-spanid", "1"},
                   {"x-b3-flags", "1"},
                   {"traceparent", "00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-03"},
                   {"tracestate", ""}};
  const Extracted got = extract(in, {});
  EXPECT_EQ(got.context.span_id.hex(), kSpan);
  EXPECT_TRUE(got.context.random);
  EXPECT_EQ(got.context.sampling, Sampling::kDebug);
}

TEST(Extract, DebugOfAnotherTraceOrOfADeniedOneIsStale) {
  Headers in{{"x-b3-traceid", "1"},
             {"x-b3-spanid", "1"},
             {"x-b3-flags", "1"},
             {"traceparent", kParent},
             {"tracestate", ""}};
  EXPECT_EQ(extract(in, {}).context.sampling, Sampling::kAccepted);
  in.set("x-b3-traceid", kTrace);
  in.set("traceparent", "00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-00");
  EXPECT_EQ(extract(in, {}).context.sampling, Sampling::kDenied);
}

TEST(Extract, AnAgreeingTraceparentDecidesWhatB3LeftOpen) {
  const Headers in{{"x-b3-traceid", kTrace}, {"x-b3-spanid", kSpan}, {"traceparent", kParent}};
  EXPECT_EQ(extract(in, {}).context.sampling, Sampling::kAccepted);
}

TEST(Extract, GrpcTraceBinIsTheLastResort) {
  const std::string_view binary = "AABGOsNcn2QTrUhIWjlTu2EkAaL7Sh0altMSAgE";
  const Extracted alone = extract({{"grpc-trace-bin", binary}}, {});
  EXPECT_EQ(alone.context.trace_id.hex(), kTrace);
  EXPECT_EQ(alone.context.span_id.hex(), kSpan);
  EXPECT_EQ(alone.context.sampling, Sampling::kAccepted);
  EXPECT_EQ(alone.source, ContextSource::kGrpcTraceBin);
  EXPECT_TRUE(alone.forwarded.grpc_trace_bin_seen);
  EXPECT_TRUE(extract({{"grpc-trace-bin", std::string{binary} + "="}}, {}).context.valid());

  const Extracted beside =
      extract({{"grpc-trace-bin", binary}, {"x-b3-traceid", "1"}, {"x-b3-spanid", "2"}}, {});
  EXPECT_EQ(beside.source, ContextSource::kB3Multi);
  EXPECT_TRUE(beside.forwarded.grpc_trace_bin_seen);

  for (const std::string_view bad : {"", "AA", "AAARIjNEVWZ3iJmqu8zd7v8BAAECAwQFBgcCAQ", "!!!!",
                                     "AQBGOsNcn2QTrUhIWjlTu2EkAaL7Sh0altMSAgE"}) {
    const Extracted got = extract({{"grpc-trace-bin", bad}}, {});
    EXPECT_FALSE(got.context.valid());
    EXPECT_EQ(got.rejected, RejectReason::kGrpcTraceBin) << bad;
    EXPECT_TRUE(got.forwarded.grpc_trace_bin_seen);
  }
}

TEST(Extract, UberTraceIdIsReadWhenNoSidecarsFormatGivesAContext) {
  const std::string uber = std::string{kTrace} + ":" + std::string{kSpan} + ":0:1";
  const Extracted alone = extract({{"Uber-Trace-Id", uber}}, {});
  EXPECT_EQ(alone.context.trace_id.hex(), kTrace);
  EXPECT_EQ(alone.source, ContextSource::kUberTraceId);
  EXPECT_TRUE(alone.trace_headers_seen);
  EXPECT_FALSE(alone.b3_seen);
  const Extracted beside = extract({{"uber-trace-id", uber}, {"b3", "1"}}, {});
  EXPECT_EQ(beside.source, ContextSource::kUberTraceId);
  EXPECT_EQ(extract({{"uber-trace-id", uber}, {"b3", "1-2"}}, {}).rejected,
            RejectReason::kB3Single);
}

TEST(Extract, ForeignFormatsAndTheAllowListPassThrough) {
  const Headers in{{"SW8", "1-a"},
                   {"x-datadog-trace-id", "1"},
                   {"x-datadog-parent-id", "2"},
                   {"x-datadog-sampling-priority", "1"},
                   {"X-Datadog-Origin", "rum"},
                   {"x-datadog-tags", "_dd.p.tid=1"},
                   {"x-cloud-trace-context", "3"},
                   {"x-ot-span-context", "4"},
                   {"X-Amzn-Trace-Id", "5"},
                   {"Cookie", "a=1"},
                   {"cookie", "b=2"},
                   {"authorization", "secret"},
                   {"end-user", "jo"}};
  EXPECT_THAT(extract(in, {.forward_headers = {"cookie", "end-user"}}).forwarded.pass_through,
              ElementsAre(Pair("sw8", "1-a"), Pair("x-datadog-trace-id", "1"),
                          Pair("x-datadog-parent-id", "2"),
                          Pair("x-datadog-sampling-priority", "1"), Pair("x-datadog-origin", "rum"),
                          Pair("x-datadog-tags", "_dd.p.tid=1"), Pair("x-cloud-trace-context", "3"),
                          Pair("x-ot-span-context", "4"), Pair("x-amzn-trace-id", "5"),
                          Pair("cookie", "a=1"), Pair("cookie", "b=2"), Pair("end-user", "jo")));
}

TEST(Extract, TheAllowListCannotBreakFramingNorTheTrace) {
  const Headers in{{"content-length", "5"}, {"transfer-encoding", "chunked"}, {":path", "/"},
                   {"host", "a"},           {"traceparent", kParent},         {"b3", "1"},
                   {"x-user", "jo"}};
  const ExtractOptions options{.forward_headers = {"content-length", "transfer-encoding", ":path",
                                                   "host", "traceparent", "b3", "x-user"}};
  EXPECT_THAT(extract(in, options).forwarded.pass_through, ElementsAre(Pair("x-user", "jo")));
}

TEST(Extract, PassThroughIsBoundedByWholeHeaders) {
  const std::string long_value(100, 'x');
  const Headers in{{"a", "1"}, {"b", long_value}, {"c", "3"}};
  const ExtractOptions options{.forward_headers = {"a", "b", "c"}, .pass_through_bytes_max = 50};
  EXPECT_THAT(extract(in, options).forwarded.pass_through,
              ElementsAre(Pair("a", "1"), Pair("c", "3")));
}

TEST(Extract, RequestIdTooLongOrWithControlsCountsAsAbsent) {
  const std::string longest(256, 'x');
  EXPECT_EQ(extract({{"x-request-id", longest}}, {}).forwarded.request_id, longest);
  EXPECT_EQ(extract({{"x-request-id", longest + "x"}}, {}).forwarded.request_id, "");
  EXPECT_EQ(extract({{"x-request-id", "a\r\nb: c"}}, {}).forwarded.request_id, "");
}

TEST(Extract, BaggageIsJoinedOverItsHeaders) {
  EXPECT_EQ(extract({{"baggage", "a=1, b=2"}, {"Baggage", "c=3;p=x=y"}}, {}).forwarded.baggage,
            "a=1,b=2,c=3;p=x=y");
}

TEST(ExtractHostile, LongListsAreBounded) {
  std::string baggage;
  for (int i = 0; i < 200; ++i) baggage += fmt::format("key{}=value,", i);
  std::string state;
  for (int i = 0; i < 32; ++i) state += fmt::format("k{}={},", i, std::string(250, 'v'));
  ASSERT_GT(state.size(), 8000U);
  const Extracted got =
      extract({{"traceparent", kParent}, {"tracestate", state}, {"baggage", baggage}}, {});
  EXPECT_EQ(std::ranges::count(got.forwarded.baggage, ','), 179);
  EXPECT_TRUE(got.forwarded.baggage.starts_with("key0=value,key1=value,"));
  EXPECT_TRUE(got.forwarded.baggage.ends_with(",key179=value"));
  EXPECT_LE(got.forwarded.trace_state.size(), 4096U);
  EXPECT_TRUE(got.context.valid());
}

// Whatever bytes come in, what goes out has no control character and the bounds hold.
TEST(ExtractHostile, NothingForwardedCanSplitAHeader) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random{seed};
  const std::string alphabet{
      "ab01-,=;@ \t\r\n\0\x7f\x80\xff"
      "d:",
      20};
  const ExtractOptions options{.forward_headers = {"x-user"}};
  for (int i = 0; i < 3000; ++i) {
    Headers in;
    for (const std::string_view name :
         {"traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled",
          "x-b3-flags", "x-b3-parentspanid", "grpc-trace-bin", "uber-trace-id", "x-request-id",
          "baggage", "sw8", "x-user"}) {
      std::string value = name == "traceparent" ? std::string{kParent} : std::string{};
      if (name != "traceparent" || random() % 2 == 0) {
        for (auto left = random() % 70; left > 0; --left)
          value += alphabet[random() % alphabet.size()];
      }
      for (auto copies = random() % 3; copies > 0; --copies) in.add(name, value);
    }
    const Extracted got = extract(in, options);
    Headers out;
    inject(got.context, got.forwarded, {}, out);
    for (const Headers::Field field : out) ASSERT_TRUE(check_field(field)) << field.name;
    ASSERT_EQ(extract(out, options).context.trace_id, got.context.trace_id);
  }
}

TEST(TraceNames, EveryOwnedHeaderInEitherCase) {
  for (const std::string_view name : {"traceparent",
                                      "tracestate",
                                      "b3",
                                      "x-b3-traceid",
                                      "x-b3-spanid",
                                      "x-b3-parentspanid",
                                      "x-b3-sampled",
                                      "x-b3-flags",
                                      "grpc-trace-bin",
                                      "uber-trace-id",
                                      "x-request-id",
                                      "baggage",
                                      "sw8",
                                      "x-datadog-trace-id",
                                      "X-Datadog-Parent-Id",
                                      "x-datadog-sampling-priority",
                                      "X-Datadog-Tags",
                                      "x-datadog-origin",
                                      "x-cloud-trace-context",
                                      "X-OT-Span-Context",
                                      "x-amzn-trace-id",
                                      "TraceParent",
                                      "B3"}) {
    EXPECT_TRUE(is_trace_header(name)) << name;
    EXPECT_FALSE(may_forward(name)) << name;
  }
  for (const std::string_view name :
       {"", "host", "b4", "trace-parent", "x-b3-trace_id", "x-client-trace-id", "cookie",
        "x-datadog-", "x-datadogs-id", "a-name-that-is-longer-than-any-trace-header"}) {
    EXPECT_FALSE(is_trace_header(name)) << name;
  }
  EXPECT_TRUE(may_forward("cookie"));
  EXPECT_TRUE(may_forward("authorization"));
  EXPECT_FALSE(may_forward("Transfer-Encoding"));
  EXPECT_FALSE(may_forward(":authority"));
  EXPECT_FALSE(may_forward(""));
}

}  // namespace
}  // namespace hal::wire
