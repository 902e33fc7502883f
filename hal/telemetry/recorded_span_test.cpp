// RecordedSpan without coroutines: what is on the wire, and which ids.
#include <hal/telemetry/span.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/telemetry/semconv.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <limits>

#include <fmt/format.h>

#include <hal/internal/otlp.pb.h>

namespace hal::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const SpanContext kRemote{.trace_id = *TraceId::from_hex("463ac35c9f6413ad48485a3953bb6124"),
                          .span_id = *SpanId::from_hex("a2fb4a1d1a96d312"),
                          .sampling = Sampling::kAccepted,
                          .random = true};

class RecordedSpanTest : public ::testing::Test {
 protected:
  testing::ManualClock clock_;
  Tracer tracer_{testing::test_options(clock_)};
  Context root_{.tracer = &tracer_};

  testing::DecodedSpan record(auto fill, SpanOptions options = {.name = "n"}) {
    {
      RecordedSpan span{root_, options};
      fill(span);
    }
    const auto spans = testing::take_spans(tracer_);
    EXPECT_EQ(spans.size(), 1u);
    return spans.at(0);
  }
};

TEST_F(RecordedSpanTest, HasExactlyTheFieldsThatWereSet) {
  root_.forwarded = std::make_shared<ForwardedHeaders>(ForwardedHeaders{.trace_state = "a=1"});
  SpanContext context;
  {
    RecordedSpan span{root_,
                      {.name = "GET",
                       .kind = Kind::kServer,
                       .start = clock_.now() - 5ms,
                       .remote_parent = kRemote,
                       .attributes = std::initializer_list<Attribute>{{"url.path", "/a"}}}};
    context = span.context();
    span.set_name("GET /:id");
    span.set_attribute("http.response.status_code", 503);
    clock_.advance(1ms);
    span.add_event("retry", {{"attempt", 2}});
    span.set_status(SpanStatus::kError, "no luck");
    clock_.advance(2ms);
  }
  hal::internal::otlp::Span expected;
  expected.set_trace_id(reinterpret_cast<const char*>(kRemote.trace_id.bytes.data()), 16);
  expected.set_span_id(reinterpret_cast<const char*>(context.span_id.bytes.data()), 8);
  expected.set_parent_span_id(reinterpret_cast<const char*>(kRemote.span_id.bytes.data()), 8);
  expected.set_trace_state("a=1");
  expected.set_name("GET /:id");
  expected.set_kind(hal::internal::otlp::Span::SPAN_KIND_SERVER);
  const std::uint64_t start = 1'700'000'000'000'000'000;
  expected.set_start_time_unix_nano(start - 5'000'000);
  expected.set_end_time_unix_nano(start + 3'000'000);
  auto* attribute = expected.add_attributes();
  attribute->set_key("url.path");
  attribute->mutable_value()->set_string_value("/a");
  attribute = expected.add_attributes();
  attribute->set_key("http.response.status_code");
  attribute->mutable_value()->set_int_value(503);
  auto* event = expected.add_events();
  event->set_time_unix_nano(start + 1'000'000);
  event->set_name("retry");
  attribute = event->add_attributes();
  attribute->set_key("attempt");
  attribute->mutable_value()->set_int_value(2);
  expected.mutable_status()->set_code(hal::internal::otlp::Status::STATUS_CODE_ERROR);
  expected.mutable_status()->set_message("no luck");
  expected.set_flags(0x303);

  const auto batch = tracer_.take_batch();
  EXPECT_EQ(batch.spans, 1u);
  hal::internal::otlp::ScopeSpans decoded;
  ASSERT_TRUE(decoded.ParseFromString(batch.span_bytes));
  ASSERT_EQ(decoded.spans_size(), 1);
  EXPECT_EQ(decoded.spans(0).DebugString(), expected.DebugString());
  EXPECT_EQ(decoded.ByteSizeLong(), batch.span_bytes.size());  // shortest lengths, nothing unknown
}

TEST_F(RecordedSpanTest, AttributesOfEveryType) {
  const std::string_view ids[] = {"a", "b"};
  struct Case {
    AttributeValue value;
    std::string expected;
  };
  const std::string long_text(300, 'x');  // a length of two bytes
  const Case cases[] = {
      {"text", "text"}, {long_text, long_text},
      {"", ""},         {"bad \xff", "bad \uFFFD"},
      {true, "true"},   {false, "false"},
      {0, "0"},         {-1, "-1"},
      {8080u, "8080"},  {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
      {1.5, "1.5"},     {AttributeValue::List{ids}, "[a, b]"},
  };
  for (const Case& c : cases) {
    const auto span = record([&](RecordedSpan& s) { s.set_attribute("k", c.value); });
    EXPECT_THAT(span.attributes, ElementsAre(Pair("k", c.expected)));
  }
}

TEST_F(RecordedSpanTest, TextsOfAnySizeArriveWhole) {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 127U, 128U, 5'000U, 16'384U}) {
    const std::string good(size, 'x');
    const std::string bad(size, '\xff');
    std::string replaced;
    for (std::size_t i = 0; i < size; ++i) replaced += "\uFFFD";
    const std::string_view list[] = {bad, good};
    const auto span = record(
        [&](RecordedSpan& s) {
          s.set_attribute(good, bad);
          s.set_attribute("list", AttributeValue::List{list});
          s.set_status(SpanStatus::kError, bad);
        },
        {.name = bad});
    EXPECT_EQ(span.name, replaced);
    EXPECT_EQ(span.status_message, replaced);
    EXPECT_THAT(span.attributes,
                UnorderedElementsAre(Pair(good, replaced),
                                     Pair("list", fmt::format("[{}, {}]", replaced, good))));
  }
}

TEST_F(RecordedSpanTest, SettingAKeyAgainReplacesItsValue) {
  const auto span = record([](RecordedSpan& s) {
    s.set_attribute("a", std::string(200, 'a'));
    s.add_event("between");
    s.set_attribute("b", 1);
    s.set_attribute("a", 2);
    s.set_attribute("", "a key is not empty");
  });
  EXPECT_THAT(span.attributes, ElementsAre(Pair("a", "2"), Pair("b", "1")));
  EXPECT_EQ(span.events.size(), 1u);
}

TEST_F(RecordedSpanTest, ManyKeysAreKeptApartAndReplaced) {
  std::vector<std::pair<std::string, std::string>> expected;
  const auto span = record([&](RecordedSpan& s) {
    for (int round = 0; round < 2; ++round) {
      expected.clear();
      for (int i = 0; i < 100; ++i) {  // of two sizes, so that many look alike
        s.set_attribute(fmt::format("key{}", i), round);
        expected.emplace_back(fmt::format("key{}", i), fmt::format("{}", round));
      }
    }
  });
  EXPECT_EQ(std::size(span.attributes), expected.size());
  for (const auto& [key, value] : expected)
    EXPECT_THAT(span.attributes, Contains(Pair(key, value)));
}

TEST_F(RecordedSpanTest, OkHasNoMessage) {
  const auto span = record([](RecordedSpan& s) { s.set_status(SpanStatus::kOk, "dropped"); });
  EXPECT_EQ(span.status, SpanStatus::kOk);
  EXPECT_EQ(span.status_message, "");
}

TEST_F(RecordedSpanTest, AfterItsEndNothingChangesIt) {
  const auto span = record([](RecordedSpan& s) {
    EXPECT_TRUE(s.recording());
    s.end();
    EXPECT_FALSE(s.recording());
    s.set_attribute("k", 1);
    s.add_event("e");
    s.set_name("other");
    s.end();
  });
  EXPECT_EQ(span.name, "n");
  EXPECT_TRUE(span.attributes.empty());
}

TEST_F(RecordedSpanTest, NeverEndsBeforeItsStart) {
  const auto span = record([this](RecordedSpan& s) { s.end_at(clock_.now() - 1s); }, {.name = "n"});
  EXPECT_EQ(span.start_ns, span.end_ns);
}

TEST_F(RecordedSpanTest, AStepOfTheWallClockDoesNotTearATrace) {
  {
    RecordedSpan parent{root_, {.name = "parent"}};
    Context inner = root_;
    parent.enter(inner);
    clock_.step_wall(-1h);
    RecordedSpan child{inner, {.name = "child"}};
    clock_.advance(1ms);
  }
  const auto spans = testing::take_spans(tracer_);
  EXPECT_EQ(testing::find(spans, "child").start_ns, testing::find(spans, "parent").start_ns);
}

TEST_F(RecordedSpanTest, WhatIsOverALimitIsCounted) {
  auto options = testing::test_options(clock_);
  options.limits = {
      .attributes_max = 2, .events_max = 1, .event_attributes_max = 1, .value_bytes_max = 4};
  Tracer tracer{options};
  root_.tracer = &tracer;
  {
    RecordedSpan span{root_, {.name = "a long name"}};
    for (const char* key : {"a", "key of b", "c", "d"}) span.set_attribute(key, "value");
    span.set_attribute("a", "€€");  // a known key has its place
    span.add_event("event", {{"a", 1}, {"b", 2}, {"c", 3}});
    span.add_event("e2");
    span.set_status(SpanStatus::kError, "a long message");
  }
  const auto span = testing::take_spans(tracer).at(0);
  EXPECT_EQ(span.name, "a long name") << "the limit is one of values";
  EXPECT_EQ(span.status_message, "a long message");
  EXPECT_THAT(span.attributes, ElementsAre(Pair("a", "€"), Pair("key of b", "valu")));
  EXPECT_EQ(span.attributes_dropped, 2u);
  ASSERT_EQ(span.events.size(), 1u);
  EXPECT_EQ(span.events[0].name, "event");
  EXPECT_EQ(span.events[0].attributes.size(), 1u);
  EXPECT_EQ(span.events_dropped, 1u);
}

TEST_F(RecordedSpanTest, ALimitMayBeZero) {
  auto options = testing::test_options(clock_);
  options.limits = {
      .attributes_max = 0, .events_max = 0, .event_attributes_max = 0, .value_bytes_max = 0};
  Tracer tracer{options};
  root_.tracer = &tracer;
  {
    RecordedSpan span{root_, {.name = "name"}};
    span.set_attribute("a", 1);
    span.add_event("e");
  }
  const auto span = testing::take_spans(tracer).at(0);
  EXPECT_EQ(span.name, "name");
  EXPECT_EQ(span.attributes_dropped, 1u);
  EXPECT_EQ(span.events_dropped, 1u);
}

// Which ids a server span has, by mode and by what came in.
TEST_F(RecordedSpanTest, IdsFollowModeAndParent) {
  struct Case {
    std::string_view what;
    Mode mode;
    Sampler sampler;
    SpanContext in;
    bool same_context, same_trace, valid, recorded;
    Sampling sampling;
  };
  SpanContext denied = kRemote;
  denied.sampling = Sampling::kDenied;
  SpanContext deferred = kRemote;
  deferred.sampling = Sampling::kDeferred;
  SpanContext debug = kRemote;
  debug.sampling = Sampling::kDebug;
  const SpanContext only_denied{.sampling = Sampling::kDenied};
  const SpanContext only_debug{.sampling = Sampling::kDebug};
  const Sampler off = Sampler::parent_based(Sampler::always_off());
  using enum Mode;
  using enum Sampling;
  const Case cases[] = {
      {"child", kFull, {}, kRemote, false, true, true, true, kAccepted},
      {"child of denied", kFull, {}, denied, false, true, true, false, kDenied},
      {"deferred, root keeps", kFull, {}, deferred, false, true, true, true, kAccepted},
      {"deferred, root drops", kFull, off, deferred, false, true, true, false, kDenied},
      {"debug", kFull, off, debug, false, true, true, true, kDebug},
      {"new root", kFull, {}, {}, false, false, true, true, kAccepted},
      {"new root, dropped", kFull, off, {}, false, false, true, false, kDenied},
      {"b3: 0", kFull, {}, only_denied, false, false, true, false, kDenied},
      {"b3: d", kFull, off, only_debug, false, false, true, true, kDebug},
      {"forward", kForward, {}, kRemote, true, true, true, false, kAccepted},
      {"forward deferred", kForward, {}, deferred, true, true, true, false, kDeferred},
      {"forward nothing", kForward, {}, {}, true, true, false, false, kDeferred},
      {"forward b3: 0", kForward, {}, only_denied, true, true, false, false, kDenied},
      {"off", kOff, {}, kRemote, false, false, false, false, kDeferred},
  };
  for (const Case& c : cases) {
    auto options = testing::test_options(clock_, c.mode);
    options.sampler = c.sampler;
    Tracer tracer{options};
    const Context context{.tracer = &tracer};
    RecordedSpan span{context, {.name = "n", .kind = Kind::kServer, .remote_parent = c.in}};
    EXPECT_EQ(span.context() == c.in, c.same_context) << c.what;
    EXPECT_EQ(span.context().trace_id == c.in.trace_id, c.same_trace) << c.what;
    EXPECT_EQ(span.context().valid(), c.valid) << c.what;
    EXPECT_EQ(span.recording(), c.recorded) << c.what;
    EXPECT_EQ(span.context().sampling, c.sampling) << c.what;
    span.set_attribute("k", 1);
    span.end();
    EXPECT_EQ(tracer.pending(), c.recorded ? 1u : 0u) << c.what;
  }
}

TEST_F(RecordedSpanTest, WithoutATracerTheContextPassesThrough) {
  const Context context{.span = kRemote};
  RecordedSpan span{context, {.name = "n"}};
  EXPECT_EQ(span.context(), kRemote);
  EXPECT_FALSE(span.recording());
}

TEST_F(RecordedSpanTest, ANewRootHasNoParentAndNoForeignTraceState) {
  root_.forwarded = std::make_shared<ForwardedHeaders>(ForwardedHeaders{.trace_state = "a=1"});
  const auto span = record([](RecordedSpan&) {}, {.name = "n", .kind = Kind::kServer});
  EXPECT_EQ(span.parent_id, "");
  EXPECT_EQ(span.trace_state, "");
  EXPECT_EQ(span.flags, 0x103u);  // sampled, random id, known not to be remote
}

}  // namespace
}  // namespace hal::telemetry
