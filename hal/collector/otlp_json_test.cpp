// OTLP in JSON: the same spans as in protobuf.
#include <hal/collector/otlp_decode.hpp>

#include <gmock/gmock.h>

#include <google/protobuf/util/json_util.h>

#include <hal/internal/otlp.pb.h>
#include <hal/collector/jaeger_json.hpp>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kIds =
    R"("traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7")";

std::string request_of(std::string_view members) {
  return fmt::format(R"({{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{}}}]}}]}}]}})", members);
}

Span span_with(std::string_view members) {
  auto spans = decode_otlp_traces_json(request_of(fmt::format("{},{}", kIds, members)));
  EXPECT_TRUE(spans) << spans.error().message();
  if (!spans || spans->size() != 1) return {};
  return std::move(spans->front());
}

/// Spans as text: to be compared.
std::string text_of(std::vector<Span> spans) {
  const Trace trace{.id = spans.front().trace_id, .spans = std::move(spans)};
  return traces_json({&trace, 1});
}

/// A request with every field that the decoder reads.
internal::otlp::ExportTraceServiceRequest full_request() {
  internal::otlp::ExportTraceServiceRequest request;
  auto& resource = *request.add_resource_spans();
  auto& service = *resource.mutable_resource()->add_attributes();
  service.set_key("service.name");
  service.mutable_value()->set_string_value("api");
  auto& scope = *resource.add_scope_spans();
  scope.mutable_scope()->set_name("hal");
  scope.mutable_scope()->set_version("1");
  auto& span = *scope.add_spans();
  span.set_trace_id("\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36");
  span.set_span_id("\xf1\xf0\x67\xaa\x0b\xa9\x02\xb7");
  span.set_parent_span_id("\xf2\xf0\x67\xaa\x0b\xa9\x02\xb7");
  span.set_trace_state("a=b");
  span.set_name("w\"o\\rk \u00e9\n");
  span.set_kind(internal::otlp::Span::SPAN_KIND_CONSUMER);
  span.set_start_time_unix_nano(1'700'000'000'123'456'789);
  span.set_end_time_unix_nano(1'700'000'000'123'999'999);
  span.set_dropped_attributes_count(1);
  span.set_dropped_events_count(2);
  span.set_dropped_links_count(3);
  span.mutable_status()->set_code(internal::otlp::Status::STATUS_CODE_ERROR);
  span.mutable_status()->set_message("why");
  const auto value = [&](const std::string& key) -> auto& {
    auto& attribute = *span.add_attributes();
    attribute.set_key(key);
    return *attribute.mutable_value();
  };
  value("text").set_string_value("x");
  value("yes").set_bool_value(true);
  value("large").set_int_value(std::numeric_limits<std::int64_t>::min());
  value("ratio").set_double_value(0.1);
  value("endless").set_double_value(std::numeric_limits<double>::infinity());
  value("raw").set_bytes_value(std::string("\xff\xfe\0", 3));
  auto& list = *value("list").mutable_array_value();
  list.add_values()->set_int_value(1);
  list.add_values()->mutable_array_value()->add_values()->set_string_value("deep");
  auto& member = *value("map").mutable_kvlist_value()->add_values();
  member.set_key("k");
  member.mutable_value()->set_bool_value(false);
  auto& event = *span.add_events();
  event.set_time_unix_nano(1'700'000'000'123'500'000);
  event.set_name("event");
  *event.add_attributes() = span.attributes(0);
  auto& link = *span.add_links();
  link.set_trace_id("0123456789abcdef");
  link.set_span_id("01234567");
  return request;
}

/// The request as protobuf's own printer writes it, with ids in OTLP's form.
std::string printed(internal::otlp::ExportTraceServiceRequest request, bool enums_as_numbers) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_enums_as_ints = enums_as_numbers;
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(request, &json, options).ok());
  const std::pair<std::string, std::string> ids[] = {
      {"S/kvNXezTaajzpKdDg5HNg==", "4bf92f3577b34da6a3ce929d0e0e4736"},
      {"8fBnqgupArc=", "f1f067aa0ba902b7"},
      {"8vBnqgupArc=", "F2F067AA0BA902B7"},
      {"MDEyMzQ1Njc4OWFiY2RlZg==", "30313233343536373839616263646566"},
      {"MDEyMzQ1Njc=", "3031323334353637"},
  };
  for (const auto& [base64, hex] : ids) {
    const auto at = json.find(base64);
    EXPECT_NE(at, std::string::npos) << base64;
    if (at != std::string::npos) json.replace(at, base64.size(), hex);
  }
  return json;
}

TEST(OtlpJson, GivesTheSameSpansAsProtobuf) {
  const auto request = full_request();
  const auto expected = decode_otlp_traces(request.SerializeAsString());
  ASSERT_TRUE(expected);
  for (const bool enums_as_numbers : {true, false}) {
    const auto spans = decode_otlp_traces_json(printed(request, enums_as_numbers));
    ASSERT_TRUE(spans) << spans.error().message();
    EXPECT_EQ(text_of(*spans), text_of(*expected));
    EXPECT_EQ(spans->front().end_unix_ns, 1'700'000'000'123'999'999U);
    EXPECT_EQ(spans->front().dropped_links, 3U);
  }
}

TEST(OtlpJson, NumbersAreNumbersOrTexts) {
  const Span span = span_with(R"("startTimeUnixNano":1700000000123456789,
      "endTimeUnixNano":"1700000000123456790","kind":2,"droppedEventsCount":"4",
      "attributes":[{"key":"n","value":{"intValue":-3}},{"key":"t","value":{"intValue":"-3"}},
                    {"key":"d","value":{"doubleValue":"0.5"}},{"key":"none","value":{}}])");
  EXPECT_EQ(span.start_unix_ns, 1'700'000'000'123'456'789U);
  EXPECT_EQ(span.duration_ns(), 1U);
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.dropped_events, 4U);
  EXPECT_THAT(span.attributes, ElementsAre(Attribute{"n", -3L}, Attribute{"t", -3L},
                                           Attribute{"d", 0.5}, Attribute{"none", std::string{}}));
}

TEST(OtlpJson, WhatIsUnknownIsIgnored) {
  const Span span = span_with(R"("kind":99,"flags":257,"parentSpanId":"","later":{"a":[{}]},
      "status":{"code":7,"deprecatedCode":1})");
  EXPECT_EQ(span.kind, SpanKind::kUnspecified);
  EXPECT_EQ(span.status, SpanStatus::kUnset);
  EXPECT_TRUE(span.is_root());
}

TEST(OtlpJson, EmptyRequestsHaveNoSpans) {
  for (const char* body : {"{}", R"({"resourceSpans":[]})", R"({"resourceSpans":[{}]})",
                           R"({"resourceSpans":[{"scopeSpans":[{"spans":null}]}]})"}) {
    const auto spans = decode_otlp_traces_json(body);
    ASSERT_TRUE(spans) << body;
    EXPECT_TRUE(spans->empty());
  }
}

TEST(OtlpJson, RefusalsSayWhere) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "$: the text ends too early"},
      {"[]", "$: expected object, got array (line 1, column 1)"},
      {request_of(R"("traceId":"S/kvNXezTaajzpKdDg5HNg==")"),
       "$.resourceSpans[0].scopeSpans[0].spans[0].traceId: expected string of hexadecimal digits"},
      {request_of(R"("traceId":"4bf9")"),
       "resource_spans[0].scope_spans[0].spans[0]: trace_id has 2 bytes, must have 16"},
      {request_of(R"("name":"no ids")"),
       "resource_spans[0].scope_spans[0].spans[0]: trace_id is missing or all zero"},
      {request_of(R"("startTimeUnixNano":-1)"),
       "$.resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano: expected integer from 0"},
      {request_of(R"("kind":"SERVER")"),
       "$.resourceSpans[0].scopeSpans[0].spans[0].kind: expected one of SPAN_KIND_UNSPECIFIED"},
      {request_of(R"("attributes":{"a":"b"})"),
       "$.resourceSpans[0].scopeSpans[0].spans[0].attributes: expected array, got object"},
  };
  for (const auto& [body, words] : cases) {
    const auto spans = decode_otlp_traces_json(body);
    ASSERT_FALSE(spans) << body;
    EXPECT_EQ(spans.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(spans.error().message(), StartsWith(words)) << body;
  }
}

TEST(OtlpJson, DeepValuesEndAsInProtobuf) {
  const auto with_depth = [](int depth) {
    std::string value;
    for (int i = 0; i < depth; ++i) value += R"({"arrayValue":{"values":[)";
    value += R"({"stringValue":"x"})";
    for (int i = 0; i < depth; ++i) value += "]}}";
    return decode_otlp_traces_json(
        request_of(fmt::format(R"({},"attributes":[{{"key":"k","value":{}}}])", kIds, value)));
  };
  const auto deep = with_depth(20);
  ASSERT_TRUE(deep) << deep.error().message();
  EXPECT_THAT(to_text(deep->front().attributes[0].value), HasSubstr("[\"...\"]"));
  ASSERT_FALSE(with_depth(1000));
  EXPECT_THAT(with_depth(1000).error().message(), HasSubstr("nested deeper than 100 levels"));
}

TEST(OtlpJson, LimitsHold) {
  const auto spans = decode_otlp_traces_json(
      fmt::format(R"({{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{0}}},{{{0}}}]}}]}}]}})",
                  kIds),
      {.spans_max = 1});
  ASSERT_FALSE(spans);
  EXPECT_EQ(spans.error().code(), Code::kResourceExhausted);
}

TEST(OtlpJson, FailuresAreAGoogleRpcStatus) {
  EXPECT_EQ(otlp_failure_json({Code::kInvalidArgument, "a \"b\""}),
            R"({"code":3,"message":"a \"b\""})");
}

}  // namespace
}  // namespace hal::collector
