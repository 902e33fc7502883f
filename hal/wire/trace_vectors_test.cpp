// The interop vectors of B3, W3C and x-request-id: how each spelling found in the field is read.
#include <hal/wire/trace_headers.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hal::wire {
namespace {

const std::string kTrace = "463ac35c9f6413ad48485a3953bb6124";
const std::string kLow = "48485a3953bb6124";
const std::string kLowPadded = "0000000000000000" + kLow;
const std::string kSpan = "a2fb4a1d1a96d312";
const std::string kParent = "0020000000000001";
const std::string kOtherSpan = "00000000000000c2";
const std::string kOtherTrace(32, 'a');
const std::string kParentHeader = "00-" + kTrace + "-" + kSpan + "-01";

struct Pair {
  std::string name;
  std::string value;
};

struct Vector {
  std::string label;
  std::vector<Pair> in;
  std::string trace;  ///< empty: no context, or the trace restarts
  std::string span;
  Sampling sampling = Sampling::kDeferred;
  std::optional<RejectReason> rejected = {};
};

Headers headers_of(const std::vector<Pair>& pairs) {
  Headers headers;
  for (const Pair& pair : pairs) headers.add(pair.name, pair.value);
  return headers;
}

std::vector<Pair> multi(const std::string& trace, const std::string& span,
                        std::vector<Pair> more = {}) {
  more.insert(more.begin(), {{"x-b3-traceid", trace}, {"x-b3-spanid", span}});
  return more;
}

void run(const std::vector<Vector>& vectors) {
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.label);
    const Extracted got = extract(headers_of(vector.in), {});
    if (vector.trace.empty()) {
      EXPECT_FALSE(got.context.valid());
      EXPECT_EQ(got.context.trace_id, TraceId{});
      EXPECT_EQ(got.context.span_id, SpanId{});
      EXPECT_TRUE(got.forwarded.trace_state.empty());
    } else {
      EXPECT_EQ(got.context.trace_id.hex(), vector.trace);
      EXPECT_EQ(got.context.span_id.hex(), vector.span);
    }
    EXPECT_EQ(got.context.sampling, vector.sampling);
    EXPECT_EQ(got.rejected, vector.rejected);
  }
}

constexpr auto kDenied = Sampling::kDenied;
constexpr auto kAccepted = Sampling::kAccepted;
constexpr auto kDeferred = Sampling::kDeferred;
constexpr auto kDebug = Sampling::kDebug;

TEST(Vectors, B3MultiSampling) {
  const auto sampled = [](const std::string& value) {
    return multi(kTrace, kSpan, {{"x-b3-sampled", value}});
  };
  run({
      {"1 accept", sampled("1"), kTrace, kSpan, kAccepted},
      {"2 defer", multi(kTrace, kSpan), kTrace, kSpan, kDeferred},
      {"3 deny", sampled("0"), kTrace, kSpan, kDenied},
      {"4a true", sampled("true"), kTrace, kSpan, kAccepted},
      {"4b false", sampled("false"), kTrace, kSpan, kDenied},
      {"4c d", sampled("d"), kTrace, kSpan, kDeferred, RejectReason::kB3Sampled},
      {"4d 3", sampled("3"), kTrace, kSpan, kDeferred, RejectReason::kB3Sampled},
      {"4e empty", sampled(""), kTrace, kSpan, kDeferred},
      {"4f TRUE", sampled("TRUE"), kTrace, kSpan, kDeferred, RejectReason::kB3Sampled},
      {"5a 0 alone", {{"x-b3-sampled", "0"}}, "", "", kDenied},
      {"5b 1 alone", {{"x-b3-sampled", "1"}}, "", "", kAccepted},
      {"5c true alone", {{"x-b3-sampled", "true"}}, "", "", kAccepted},
      {"12 flags=1", multi(kTrace, kSpan, {{"x-b3-flags", "1"}}), kTrace, kSpan, kDebug},
      {"12 flags=1 alone", {{"x-b3-flags", "1"}}, "", "", kDebug},
      {"12 flags=0", multi(kTrace, kSpan, {{"x-b3-flags", "0"}}), kTrace, kSpan, kDeferred},
  });
}

TEST(Vectors, B3MultiIds) {
  const auto reason = [](RejectReason value) { return value; };
  run({
      {"6 64-bit", multi(kLow, kSpan), kLowPadded, kSpan},
      {"7 padded 64-bit", multi(kLowPadded, kSpan), kLowPadded, kSpan},
      {"8a parent empty", multi(kTrace, kSpan, {{"x-b3-parentspanid", ""}}), kTrace, kSpan},
      {"8b parent xyz", multi(kTrace, kSpan, {{"x-b3-parentspanid", "xyz"}}), kTrace, kSpan},
      {"8c parent -", multi(kTrace, kSpan, {{"x-b3-parentspanid", "-"}}), kTrace, kSpan},
      {"9a trace xyz", multi("xyz", kSpan), "", "", kDeferred, RejectReason::kB3Multi},
      {"9b span xyz", multi(kTrace, "xyz"), "", "", kDeferred, RejectReason::kB3Multi},
      {"9c 20 digits", multi(std::string(20, '1'), kSpan), "", "", kDeferred,
       RejectReason::kB3Multi},
      {"9d 33 digits", multi(kTrace + "1", kSpan), "", "", kDeferred, RejectReason::kB3Multi},
      {"9e 17-digit span", multi(kTrace, kSpan + "1"), "", "", kDeferred, RejectReason::kB3Multi},
      {"9f decision survives", multi("xyz", kSpan, {{"x-b3-sampled", "0"}}), "", "", kDenied,
       RejectReason::kB3Multi},
      {"10a only trace id",
       {{"x-b3-traceid", kTrace}, {"x-b3-sampled", "1"}},
       "",
       "",
       kAccepted,
       RejectReason::kB3Incomplete},
      {"10b only span id",
       {{"x-b3-spanid", kSpan}},
       "",
       "",
       kDeferred,
       reason(RejectReason::kB3Incomplete)},
      {"11a zero ids", multi(std::string(32, '0'), std::string(16, '0')), "", "", kDeferred,
       RejectReason::kZeroId},
      {"11b zero span", multi(kTrace, "0"), "", "", kDeferred, RejectReason::kZeroId},
      {"13 repeated: first", multi(kTrace, kSpan, {{"x-b3-traceid", kOtherTrace}}), kTrace, kSpan},
      {"14a upper case", multi("463AC35C9F6413AD48485A3953BB6124", "A2FB4A1D1A96D312"), kTrace,
       kSpan},
      {"14b short", multi("1", "2"), std::string(31, '0') + "1", std::string(15, '0') + "2"},
      {"14c 0x", multi("0x1", "2"), "", "", kDeferred, RejectReason::kB3Multi},
      {"14d signs", multi("-1", "+2"), "", "", kDeferred, RejectReason::kB3Multi},
  });
}

TEST(Vectors, B3SingleForms) {
  const auto b3 = [](const std::string& value) { return std::vector<Pair>{{"b3", value}}; };
  const std::string ids = kTrace + "-" + kSpan;
  run({
      {"15a", b3(ids + "-1-" + kParent), kTrace, kSpan, kAccepted},
      {"15b", b3(ids + "-d"), kTrace, kSpan, kDebug},
      {"15c", b3(ids), kTrace, kSpan, kDeferred},
      {"15d", b3(kLow + "-" + kSpan + "-0"), kLowPadded, kSpan, kDenied},
      {"15e", b3(kLow + "-" + kSpan + "-d-" + kParent), kLowPadded, kSpan, kDebug},
      {"16a", b3("0"), "", "", kDenied},
      {"16b", b3("1"), "", "", kAccepted},
      {"16c", b3("d"), "", "", kDebug},
      // The sidecar of Envoy <= 1.39 answers `b3: 0` with a fresh root in x-b3-*: ids win.
      {"16d beside multi", multi(kTrace, kSpan, {{"x-b3-sampled", "0"}, {"b3", "0"}}), kTrace,
       kSpan, kDenied},
  });
  for (const std::string& bad : {std::string{},
                                 std::string{"-"},
                                 std::string{"x"},
                                 std::string{"-1"},
                                 std::string{"1-"},
                                 kTrace,
                                 kTrace + "-",
                                 ids + "-",
                                 ids + "-1-",
                                 ids + "-c",
                                 ids + "!0",
                                 ids + "-" + kParent,
                                 kTrace + "-" + kSpan.substr(1),
                                 kTrace.substr(1) + "-" + kSpan,
                                 ids + "-1-" + kParent + ",",
                                 ids + "-1-" + kParent + "0",
                                 ids + "-1-xyz",
                                 std::string{"T-S"},
                                 ids + "-10",
                                 std::string{"123e4567-e89b-12d3-a456-426614174000"}}) {
    run({{"17 " + bad, b3(bad), "", "", kDeferred, RejectReason::kB3Single}});
  }
  run({{"17 zero ids", b3(std::string(32, '0') + "-" + kSpan + "-1"), "", "", kAccepted,
        RejectReason::kZeroId}});
}

TEST(Vectors, B3SingleBesideMulti) {
  const std::string single = kTrace + "-" + kOtherSpan + "-1";
  run({
      {"18 Envoy <= 1.39: multi is fresh and names b3 as its parent",
       multi(kTrace, kSpan,
             {{"x-b3-sampled", "1"}, {"x-b3-parentspanid", kOtherSpan}, {"b3", single}}),
       kTrace, kSpan, kAccepted},
      {"18 Envoy 1.40: b3 is fresh and names a parent",
       multi(kTrace, kSpan, {{"x-b3-sampled", "1"}, {"b3", single + "-" + kParent}}), kTrace,
       kOtherSpan, kAccepted},
      {"18 nobody names a parent: single, as B3 says",
       multi(kTrace, kSpan, {{"x-b3-sampled", "1"}, {"b3", single}}), kTrace, kOtherSpan,
       kAccepted},
  });
}

TEST(Vectors, TraceparentForms) {
  const auto parent = [](const std::string& value) {
    return std::vector<Pair>{{"traceparent", value}, {"tracestate", "a=1"}};
  };
  const std::string ids = "-" + kTrace + "-" + kSpan;
  const std::string zeros(32, '0');
  run({
      {"19", parent(kParentHeader), kTrace, kSpan, kAccepted},
      {"20 B3 absent, bad", parent("00-x"), "", "", kDeferred, RejectReason::kTraceparent},
      {"23a", parent("00" + ids + "-00"), kTrace, kSpan, kDenied},
      {"23b", parent("00" + ids + "-03"), kTrace, kSpan, kAccepted},
      {"23c", parent("00" + ids + "-02"), kTrace, kSpan, kDenied},
      {"23d unknown flags", parent("00" + ids + "-fd"), kTrace, kSpan, kAccepted},
      {"25a", parent("cc" + ids + "-01"), kTrace, kSpan, kAccepted},
      {"25b", parent("cc" + ids + "-01-what-the-future-brings"), kTrace, kSpan, kAccepted},
      {"25b dot", parent("cc" + ids + "-01.more"), "", "", kDeferred, RejectReason::kTraceparent},
      {"25c", parent("ff" + ids + "-01"), "", "", kDeferred, RejectReason::kTraceparent},
      {"26 upper", parent("00-463AC35C9F6413AD48485A3953BB6124-" + kSpan + "-01"), "", "",
       kDeferred, RejectReason::kTraceparent},
      {"26 upper flags", parent("00" + ids + "-0A"), "", "", kDeferred, RejectReason::kTraceparent},
      {"27a zero trace", parent("00-" + zeros + "-" + kSpan + "-01"), "", "", kDeferred,
       RejectReason::kZeroId},
      {"27b zero span", parent("00-" + kTrace + "-0000000000000000-01"), "", "", kDeferred,
       RejectReason::kZeroId},
      {"27c 54", parent("00" + ids + "-0"), "", "", kDeferred, RejectReason::kTraceparent},
      {"27d 56", parent("00" + ids + "-001"), "", "", kDeferred, RejectReason::kTraceparent},
      {"27e v00 goes on", parent("00" + ids + "-01-x"), "", "", kDeferred,
       RejectReason::kTraceparent},
      {"27f hyphen", parent("00" + ids + "_01"), "", "", kDeferred, RejectReason::kTraceparent},
      {"27g hex", parent("00" + ids + "-.0"), "", "", kDeferred, RejectReason::kTraceparent},
      {"27h spaces", parent(" \t00" + ids + "-01 \t"), kTrace, kSpan, kAccepted},
      {"27i joined", parent(kParentHeader + "," + kParentHeader), "", "", kDeferred,
       RejectReason::kTraceparent},
      {"28",
       {{"traceparent", kParentHeader}, {"traceparent", kParentHeader}},
       "",
       "",
       kDeferred,
       RejectReason::kTraceparentRepeated},
  });
}

TEST(Vectors, TraceparentBesideB3) {
  const std::string other = "00-" + kOtherTrace + "-" + kOtherSpan + "-01";
  run({
      {"20 bad traceparent, good B3",
       multi(kTrace, kSpan, {{"x-b3-sampled", "1"}, {"traceparent", "00-x"}}), kTrace, kSpan,
       kAccepted, RejectReason::kTraceparent},
      {"9 bad B3, good traceparent", multi("xyz", kSpan, {{"traceparent", kParentHeader}}), kTrace,
       kSpan, kAccepted, RejectReason::kB3Multi},
      {"17 bad b3, good traceparent",
       {{"b3", ""}, {"traceparent", kParentHeader}},
       kTrace,
       kSpan,
       kAccepted,
       RejectReason::kB3Single},
      {"21 differ, B3 names a parent",
       multi(kTrace, kSpan,
             {{"x-b3-sampled", "1"}, {"x-b3-parentspanid", kParent}, {"traceparent", other}}),
       kTrace, kSpan, kAccepted},
      {"22 sampled=0 beside ..-01",
       {{"traceparent", kParentHeader}, {"x-b3-sampled", "0"}},
       kTrace,
       kSpan,
       kAccepted},
      {"29 differ, nothing marks B3 as fresh",
       multi(kTrace, kSpan, {{"x-b3-sampled", "0"}, {"traceparent", other}}), kOtherTrace,
       kOtherSpan, kAccepted},
      {"29 empty tracestate",
       multi(kTrace, kSpan,
             {{"x-b3-parentspanid", kParent}, {"traceparent", other}, {"tracestate", ""}}),
       kOtherTrace, kOtherSpan, kAccepted},
  });
}

TEST(Vectors, TraceStateTravelsWithItsParentOnly) {
  const auto state = [](const std::vector<Pair>& pairs) {
    return extract(headers_of(pairs), {}).forwarded.trace_state;
  };
  const Pair parent{"traceparent", kParentHeader};
  EXPECT_EQ(state({parent, {"tracestate", "a=1"}, {"tracestate", "b=2"}}), "a=1,b=2");  // 24
  EXPECT_EQ(state({{"tracestate", "a=1"}}), "");                                        // 24b
  EXPECT_EQ(state({parent, {"tracestate", ""}}), "");
  EXPECT_EQ(state({parent, {"tracestate", ""}, {"tracestate", "a=1"}}), "a=1");
  EXPECT_EQ(state(multi(kTrace, kSpan, {parent, {"tracestate", "a=1"}})), "a=1") << "all agree";
  EXPECT_EQ(state(multi(kTrace, kOtherSpan,
                        {{"x-b3-parentspanid", kSpan}, parent, {"tracestate", "a=1"}})),
            "")
      << "the B3 context is newer than the traceparent";
}

TEST(Vectors, RequestIdIsForwardedByteForByte) {
  for (const std::string id :
       {"60e82827a270070cfbda38c6f30f478a", "abc", "req-12345678",
        "00000001-3c5e-4f1a-8b2d-0123456789ab", "00000064-3c5e-9f1a-8b2d-0123456789ab",
        "00000064-3C5E-aF1A-8b2d-0123456789ab"}) {  // 30 to 33
    const Extracted got = extract({{"X-Request-Id", id}, {"x-request-id", "second"}}, {});
    EXPECT_EQ(got.forwarded.request_id, id);
    EXPECT_FALSE(got.trace_headers_seen);
    Headers out;
    inject(got.context, got.forwarded, {}, out);
    EXPECT_EQ(out.get("x-request-id"), id);
    EXPECT_EQ(out.size(), 1U);
  }
}

TEST(Vectors, RequestIdNeverOverrulesTheContext) {  // 34
  const std::string traced = "00000064-3c5e-9f1a-8b2d-0123456789ab";
  const auto got = extract(
      headers_of(multi(kTrace, kSpan, {{"x-b3-sampled", "0"}, {"x-request-id", traced}})), {});
  EXPECT_EQ(got.context.sampling, kDenied);
  EXPECT_EQ(got.forwarded.request_id, traced);
}

}  // namespace
}  // namespace hal::wire
