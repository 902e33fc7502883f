#include <hal/collector/otlp_decode.hpp>

#include <limits>

#include <gmock/gmock.h>

#include <hal/internal/otlp.pb.h>

namespace hal::collector {
namespace {

namespace otlp = hal::internal::otlp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTrace("\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36", 16);
const std::string kSpan("\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8);
const std::string kParent("\x00\x00\x00\x00\x00\x00\x00\x01", 8);

otlp::ResourceSpans& add_resource(otlp::ExportTraceServiceRequest& request,
                                  const std::string& service) {
  auto& spans = *request.add_resource_spans();
  auto& attribute = *spans.mutable_resource()->add_attributes();
  attribute.set_key("service.name");
  attribute.mutable_value()->set_string_value(service);
  return spans;
}

otlp::Span& add_span(otlp::ScopeSpans& scope, const std::string& name = "work") {
  auto& span = *scope.add_spans();
  span.set_trace_id(kTrace);
  span.set_span_id(kSpan);
  span.set_name(name);
  return span;
}

/// A request of one span, for tests that change it.
struct OneSpan {
  otlp::ExportTraceServiceRequest request;
  otlp::Span& span = add_span(*add_resource(request, "api").add_scope_spans());

  otlp::AnyValue& value(const std::string& key) const {
    auto& attribute = *span.add_attributes();
    attribute.set_key(key);
    return *attribute.mutable_value();
  }
  [[nodiscard]] Result<std::vector<Span>> decode(const DecodeLimits& limits = {}) const {
    return decode_otlp_traces(request.SerializeAsString(), limits);
  }
};

TEST(OtlpDecode, EmptyBodyHasNoSpans) {
  const auto spans = decode_otlp_traces("");
  ASSERT_TRUE(spans.has_value());
  EXPECT_TRUE(spans->empty());
}

TEST(OtlpDecode, ReadsEveryFieldOfASpan) {
  OneSpan one;
  one.span.set_parent_span_id(kParent);
  one.span.set_trace_state("a=1");
  one.span.set_kind(otlp::Span::SPAN_KIND_CLIENT);
  one.span.set_start_time_unix_nano(1'000);
  one.span.set_end_time_unix_nano(3'500);
  one.span.set_dropped_attributes_count(2);
  one.span.mutable_status()->set_code(otlp::Status::STATUS_CODE_ERROR);
  one.span.mutable_status()->set_message("refused");
  auto& event = *one.span.add_events();
  event.set_time_unix_nano(2'000);
  event.set_name("retry");

  const auto spans = one.decode();
  ASSERT_TRUE(spans.has_value()) << spans.error().to_string();
  ASSERT_EQ(spans->size(), 1U);
  const Span& span = spans->front();
  EXPECT_EQ(span.trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span.span_id.hex(), "00f067aa0ba902b7");
  EXPECT_EQ(span.parent_id.hex(), "0000000000000001");
  EXPECT_EQ(span.name, "work");
  EXPECT_EQ(span.trace_state, "a=1");
  EXPECT_EQ(span.kind, SpanKind::kClient);
  EXPECT_EQ(span.start_unix_ns, 1'000U);
  EXPECT_EQ(span.duration_ns(), 2'500U);
  EXPECT_EQ(span.status, SpanStatus::kError);
  EXPECT_EQ(span.status_message, "refused");
  EXPECT_EQ(span.service(), "api");
  EXPECT_EQ(span.dropped_attributes, 2U);
  EXPECT_THAT(span.events, ElementsAre(Event{2'000, "retry", {}}));
}

TEST(OtlpDecode, ReadsEveryTypeOfValue) {
  OneSpan one;
  one.value("text").set_string_value("x");
  one.value("yes").set_bool_value(true);
  one.value("count").set_int_value(-7);
  one.value("ratio").set_double_value(0.5);
  one.value("raw").set_bytes_value(std::string("\0\1", 2));
  auto& list = *one.value("list").mutable_array_value();
  list.add_values()->set_string_value("a\"b");
  list.add_values()->set_int_value(2);
  list.add_values()->set_double_value(std::numeric_limits<double>::infinity());
  list.add_values();
  auto& member = *one.value("map").mutable_kvlist_value()->add_values();
  member.set_key("k");
  member.mutable_value()->mutable_array_value()->add_values()->set_bool_value(false);
  one.value("unset");

  const auto spans = one.decode();
  ASSERT_TRUE(spans.has_value()) << spans.error().to_string();
  EXPECT_THAT(spans->front().attributes,
              ElementsAre(Attribute{"text", "x"}, Attribute{"yes", true}, Attribute{"count", -7L},
                          Attribute{"ratio", 0.5}, Attribute{"raw", Bytes{std::string("\0\1", 2)}},
                          Attribute{"list", R"(["a\"b",2,"inf",null])"},
                          Attribute{"map", R"({"k":[false]})"}, Attribute{"unset", std::string{}}));
}

TEST(OtlpDecode, SpansShareTheResourceAndGetTheirScope) {
  otlp::ExportTraceServiceRequest request;
  auto& api = add_resource(request, "api");
  auto& host = *api.mutable_resource()->add_attributes();
  host.set_key("host.name");
  host.mutable_value()->set_string_value("h1");
  auto& scope = *api.add_scope_spans();
  scope.mutable_scope()->set_name("hal");
  scope.mutable_scope()->set_version("0.1.0");
  add_span(scope, "one");
  add_span(*api.add_scope_spans(), "two");
  add_span(*request.add_resource_spans()->add_scope_spans(), "three");

  const auto spans = decode_otlp_traces(request.SerializeAsString());
  ASSERT_TRUE(spans.has_value());
  ASSERT_EQ(spans->size(), 3U);
  EXPECT_EQ((*spans)[0].resource, (*spans)[1].resource);
  EXPECT_THAT((*spans)[0].resource->attributes, ElementsAre(Attribute{"host.name", "h1"}));
  ASSERT_NE((*spans)[0].scope, nullptr);
  EXPECT_EQ(*(*spans)[0].scope, (Instrumentation{.name = "hal", .version = "0.1.0"}));
  EXPECT_EQ((*spans)[1].scope, nullptr);
  EXPECT_EQ((*spans)[2].service(), kUnknownService);
}

TEST(OtlpDecode, ResourceMayFollowItsSpans) {
  otlp::ExportTraceServiceRequest request;
  add_span(*request.add_resource_spans()->add_scope_spans());
  otlp::ExportTraceServiceRequest late;
  add_resource(late, "late");
  // Fields of one message may come in any order and in parts: here spans first, resource last.
  const std::string inner =
      request.resource_spans(0).SerializeAsString() + late.resource_spans(0).SerializeAsString();
  const std::string body = std::string{"\x0a"} + static_cast<char>(inner.size()) + inner;
  const auto spans = decode_otlp_traces(body);
  ASSERT_TRUE(spans.has_value());
  EXPECT_EQ(spans->front().service(), "late");
}

TEST(OtlpDecode, NamesThePositionAndTheRuleOfABadSpan) {
  struct Case {
    std::string trace, span, parent, message;
  };
  const std::vector<Case> cases{
      {"", kSpan, "", "trace_id has 0 bytes, must have 16"},
      {kTrace.substr(1), kSpan, "", "trace_id has 15 bytes, must have 16"},
      {std::string(16, '\0'), kSpan, "", "trace_id is missing or all zero"},
      {kTrace, kSpan + "x", "", "span_id has 9 bytes, must have 8"},
      {kTrace, std::string(8, '\0'), "", "span_id is missing or all zero"},
      {kTrace, kSpan, "abc", "parent_span_id has 3 bytes, must have 8"},
  };
  for (const Case& bad : cases) {
    otlp::ExportTraceServiceRequest request;
    add_span(*add_resource(request, "ok").add_scope_spans());
    auto& resource = add_resource(request, "api");
    resource.add_scope_spans();
    auto& scope = *resource.add_scope_spans();
    add_span(scope);
    auto& span = add_span(scope);
    // An empty bytes field is not on the wire: then the id is missing.
    span.set_trace_id(bad.trace);
    span.set_span_id(bad.span);
    span.set_parent_span_id(bad.parent);
    const auto spans = decode_otlp_traces(request.SerializeAsString());
    ASSERT_FALSE(spans.has_value());
    EXPECT_EQ(spans.error().code(), Code::kInvalidArgument);
    const auto message =
        bad.trace.empty() ? std::string{"trace_id is missing or all zero"} : bad.message;
    EXPECT_EQ(spans.error().message(), "resource_spans[1].scope_spans[1].spans[1]: " + message);
  }
}

TEST(OtlpDecode, AllZeroParentIsARoot) {
  OneSpan one;
  one.span.set_parent_span_id(std::string(8, '\0'));
  EXPECT_TRUE(one.decode()->front().is_root());
}

TEST(OtlpDecode, UnknownFieldsAndEnumValuesAreIgnored) {
  OneSpan one;
  const std::string more("\xf8\x3f\x05\xfa\x3f\x01x\x30\x63", 9);  // fields 1023, kind = 99
  const std::string span = one.span.SerializeAsString() + more;
  const std::string scope = std::string{"\x12"} + static_cast<char>(span.size()) + span;
  const std::string resource = std::string{"\x12"} + static_cast<char>(scope.size()) + scope;
  const auto spans =
      decode_otlp_traces(std::string{"\x0a"} + static_cast<char>(resource.size()) + resource);
  ASSERT_TRUE(spans.has_value()) << spans.error().to_string();
  EXPECT_EQ(spans->front().kind, SpanKind::kUnspecified);
}

TEST(OtlpDecode, TextThatIsNoUtf8DoesNotLoseTheBatch) {
  OneSpan one;
  std::string body = one.request.SerializeAsString();
  body.replace(body.find("work"), 4, "w\xff\xferk", 4);
  const auto spans = decode_otlp_traces(body);
  ASSERT_TRUE(spans.has_value());
  EXPECT_EQ(spans->front().name.size(), 4U);
}

TEST(OtlpDecode, EveryCutBodyIsAnErrorOrFewerSpans) {
  OneSpan one;
  one.value("list").mutable_array_value()->add_values()->set_double_value(1);
  one.span.add_events()->set_name("event");
  const std::string body = one.request.SerializeAsString();
  for (std::size_t size = 1; size < body.size(); ++size) {
    const auto spans = decode_otlp_traces(body.substr(0, size));
    ASSERT_FALSE(spans.has_value()) << size;
    EXPECT_EQ(spans.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(spans.error().message(), HasSubstr("resource_spans[0]"));
  }
}

TEST(OtlpDecode, JsonInsteadOfProtobufIsRefused) {
  const auto spans = decode_otlp_traces(R"({"resourceSpans":[]})");
  ASSERT_FALSE(spans.has_value());
  EXPECT_THAT(spans.error().message(), HasSubstr("not a protobuf ExportTraceServiceRequest"));
}

TEST(OtlpDecode, LimitsDropAndCount) {
  OneSpan one;
  for (int i = 0; i < 5; ++i) one.value("k").set_int_value(i);
  for (int i = 0; i < 3; ++i) one.span.add_events()->set_name("e");
  one.span.set_dropped_events_count(10);
  const auto spans = one.decode({.attributes_max = 2, .events_max = 1});
  ASSERT_TRUE(spans.has_value());
  EXPECT_EQ(spans->front().attributes.size(), 2U);
  EXPECT_EQ(spans->front().dropped_attributes, 3U);
  EXPECT_EQ(spans->front().events.size(), 1U);
  EXPECT_EQ(spans->front().dropped_events, 12U);
}

TEST(OtlpDecode, LongTextIsCutAtACharacter) {
  OneSpan one;
  one.value("k").set_string_value("abc\u00e9\u00e9");
  one.value("list").mutable_array_value()->add_values()->set_string_value("abcdefgh");
  const auto spans = one.decode({.text_bytes_max = 4});
  ASSERT_TRUE(spans.has_value());
  EXPECT_THAT(spans->front().attributes,
              ElementsAre(Attribute{"k", "abc"}, Attribute{"list", "[\"ab"}));
  EXPECT_EQ(spans->front().truncated_values, 2U);
}

TEST(OtlpDecode, DeepNestingEnds) {
  OneSpan one;
  auto* value = &one.value("deep");
  for (int i = 0; i < 50; ++i) value = value->mutable_array_value()->add_values();
  const auto spans = one.decode();
  ASSERT_TRUE(spans.has_value());
  EXPECT_THAT(to_text(spans->front().attributes[0].value), HasSubstr("[\"...\"]"));
}

TEST(OtlpDecode, MoreSpansThanTheLimitAreRefused) {
  otlp::ExportTraceServiceRequest request;
  auto& scope = *add_resource(request, "api").add_scope_spans();
  for (int i = 0; i < 3; ++i) add_span(scope);
  EXPECT_EQ(decode_otlp_traces(request.SerializeAsString(), {.spans_max = 3})->size(), 3U);
  const auto spans = decode_otlp_traces(request.SerializeAsString(), {.spans_max = 2});
  ASSERT_FALSE(spans.has_value());
  EXPECT_EQ(spans.error().code(), Code::kResourceExhausted);
}

TEST(OtlpFailureBody, IsAGoogleRpcStatus) {
  EXPECT_EQ(otlp_failure_body({Code::kInvalidArgument, "bad"}),
            "\x08\x03\x12\x03"
            "bad");
}

}  // namespace
}  // namespace hal::collector
