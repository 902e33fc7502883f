#include <hal/collector/zipkin_decode.hpp>

#include <gmock/gmock.h>

#include <fmt/format.h>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kIds = R"("traceId":"4bf92f3577b34da6a3ce929d0e0e4736","id":"00f067aa0ba902b7")";

/// The one span of a list that holds it with these members beside its ids.
Span span_with(const std::string& members) {
  auto spans =
      decode_zipkin_json(fmt::format("[{{{}{}{}}}]", kIds, members.empty() ? "" : ",", members));
  EXPECT_TRUE(spans) << spans.error().message();
  if (!spans || spans->size() != 1) return {};
  EXPECT_EQ(spans->front().trace_id.hex(), kTrace);
  return std::move(spans->front());
}

std::string refusal(std::string_view body) {
  const auto spans = decode_zipkin_json(body);
  if (spans) return "taken";
  EXPECT_EQ(spans.error().code(), Code::kInvalidArgument);
  return std::string{spans.error().message()};
}

TEST(ZipkinDecode, ReadsEveryFieldOfASpan) {
  const Span span = span_with(R"("parentId":"1","name":"get /x","kind":"CLIENT",
      "timestamp":1700000000000001,"duration":1500,"shared":false,
      "localEndpoint":{"serviceName":"api","ipv4":"127.0.0.1","port":8080},
      "remoteEndpoint":{"serviceName":"greeter","ipv6":"2001:db8::1","port":9090},
      "annotations":[{"timestamp":1700000000000002,"value":"retry"}],
      "tags":{"http.method":"GET","a \"key\"":""},"debug":true)");
  EXPECT_EQ(span.span_id.hex(), "00f067aa0ba902b7");
  EXPECT_EQ(span.parent_id.hex(), "0000000000000001");
  EXPECT_EQ(span.name, "get /x");
  EXPECT_EQ(span.kind, SpanKind::kClient);
  EXPECT_EQ(span.start_unix_ns, 1700000000000001000U);
  EXPECT_EQ(span.duration_ns(), 1500000U);
  EXPECT_EQ(span.service(), "api");
  EXPECT_THAT(span.events,
              ElementsAre(Event{.time_unix_ns = 1700000000000002000, .name = "retry"}));
  EXPECT_THAT(
      span.attributes,
      ElementsAre(Attribute{"http.method", "GET"}, Attribute{"a \"key\"", ""},
                  Attribute{"net.host.ip", "127.0.0.1"},
                  Attribute{"net.host.port", std::int64_t{8080}},
                  Attribute{"peer.service", "greeter"}, Attribute{"net.peer.ip", "2001:db8::1"},
                  Attribute{"net.peer.port", std::int64_t{9090}}, Attribute{"debug", true}));
  EXPECT_EQ(span.status, SpanStatus::kUnset);
  EXPECT_FALSE(span.shared);
}

TEST(ZipkinDecode, TwoIdsAreEnough) {
  const Span span = span_with("");
  EXPECT_EQ(span.kind, SpanKind::kInternal);
  EXPECT_TRUE(span.is_root());
  EXPECT_EQ(span.service(), kUnknownService);
  EXPECT_EQ(span.duration_ns(), 0U);
  EXPECT_TRUE(span.attributes.empty());
}

TEST(ZipkinDecode, IdsOfAnyLengthArePaddedOnTheLeft) {
  const std::pair<std::string, std::string> cases[] = {
      {"4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"},
      {"A3CE929D0E0E4736", "0000000000000000a3ce929d0e0e4736"},
      {"0000000000000000a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"},
      {"123", "00000000000000000000000000000123"},
  };
  for (const auto& [written, meant] : cases) {
    const auto spans = decode_zipkin_json(fmt::format(R"([{{"traceId":"{}","id":"f"}}])", written));
    ASSERT_TRUE(spans) << written;
    EXPECT_EQ(spans->front().trace_id.hex(), meant);
    EXPECT_EQ(spans->front().span_id.hex(), "000000000000000f");
  }
}

TEST(ZipkinDecode, Kinds) {
  const std::pair<std::string, SpanKind> cases[] = {
      {R"("kind":"SERVER")", SpanKind::kServer},
      {R"("kind":"PRODUCER")", SpanKind::kProducer},
      {R"("kind":"CONSUMER")", SpanKind::kConsumer},
      {R"("kind":null)", SpanKind::kInternal},
      // What OpenTelemetry's exporters write for the kind that Zipkin lacks.
      {R"("tags":{"span.kind":"internal"})", SpanKind::kInternal},
      {R"("tags":{"span.kind":"server"})", SpanKind::kServer},
  };
  for (const auto& [members, kind] : cases) {
    const Span span = span_with(members);
    EXPECT_EQ(span.kind, kind) << members;
    EXPECT_TRUE(span.attributes.empty()) << members;
  }
  EXPECT_EQ(span_with(R"("tags":{"span.kind":"other"})").attributes.size(), 1U);
}

TEST(ZipkinDecode, TagsThatStandForFields) {
  struct Case {
    std::string tags;
    SpanStatus status;
    std::string message;
    std::size_t attributes = 0;
  };
  const Case cases[] = {
      {R"("error":"true")", SpanStatus::kError, ""},
      {R"("error":"")", SpanStatus::kError, ""},
      {R"("error":"no route")", SpanStatus::kError, "no route"},
      {R"("error":"false")", SpanStatus::kUnset, "", 1},
      {R"("otel.status_code":"OK")", SpanStatus::kOk, ""},
      {R"("otel.status_code":"ERROR","error":"why")", SpanStatus::kError, "why"},
      {R"("error":"a","otel.status_code":"STATUS_CODE_ERROR","otel.status_description":"because")",
       SpanStatus::kError, "because"},
  };
  for (const Case& one : cases) {
    const Span span = span_with(fmt::format(R"("tags":{{{}}})", one.tags));
    EXPECT_EQ(span.status, one.status) << one.tags;
    EXPECT_EQ(span.status_message, one.message) << one.tags;
    EXPECT_EQ(span.attributes.size(), one.attributes) << one.tags;
  }
  EXPECT_EQ(span_with(R"("tags":{"w3c.tracestate":"a=b"})").trace_state, "a=b");
}

TEST(ZipkinDecode, TimesThatAreMissingOrTooLarge) {
  const Span late = span_with(
      R"("duration":5,"annotations":[{"timestamp":20,"value":"b"},{"timestamp":10,"value":"a"}])");
  EXPECT_EQ(late.start_unix_ns, 10000U);
  EXPECT_EQ(late.end_unix_ns, 15000U);
  const Span endless = span_with(R"("timestamp":18446744073709551,"duration":18446744073709551)");
  EXPECT_EQ(endless.end_unix_ns, UINT64_MAX);
}

TEST(ZipkinDecode, OddParentsAreRoots) {
  EXPECT_TRUE(span_with(R"("parentId":"00f067aa0ba902b7")").is_root());
  EXPECT_TRUE(span_with(R"("parentId":"0")").is_root());
  EXPECT_TRUE(span_with(R"("parentId":"")").is_root());
  EXPECT_TRUE(span_with(R"("parentId":null)").is_root());
}

TEST(ZipkinDecode, SpansOfOneServiceShareIt) {
  const std::string api = R"("localEndpoint":{"serviceName":"api"})";
  const auto spans = decode_zipkin_json(fmt::format(
      R"([{{{0},{1}}},{{{0},"localEndpoint":{{"serviceName":"b"}}}},{{{0},{1}}}])", kIds, api));
  ASSERT_TRUE(spans);
  ASSERT_EQ(spans->size(), 3U);
  EXPECT_EQ(spans->at(0).resource, spans->at(2).resource);
  EXPECT_EQ(spans->at(1).service(), "b");
}

TEST(ZipkinDecode, AnEmptyListIsTaken) {
  EXPECT_EQ(refusal("[]"), "taken");
  EXPECT_EQ(refusal(" [ ] \n"), "taken");
}

TEST(ZipkinDecode, RefusalsNameSpanFieldAndRule) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "$: the text ends too early (line 1, column 1)"},
      {"{}", "$: expected array, got object (line 1, column 1)"},
      {"[1]", "$[0]: expected object, got number 1 (line 1, column 2)"},
      {"[{}]", "$[0].traceId: is missing"},
      {R"([{"traceId":"1"}])", "$[0].id: is missing"},
      {R"([{"traceId":"00","id":"1"}])",
       "$[0].traceId: must be 1 to 32 hexadecimal digits, not all zero"},
      {R"([{"traceId":"123456789012345678901234567890123","id":"1"}])",
       "$[0].traceId: must be 1 to 32 hexadecimal digits, not all zero"},
      {R"([{"traceId":"1","id":"0"}])",
       "$[0].id: must be 1 to 16 hexadecimal digits, not all zero"},
      {R"([{"traceId":"1","id":"12345678901234567"}])", "$[0].id: must be 1 to 16"},
      {R"([{"traceId":"1","id":"1","parentId":"12345678901234567"}])", "$[0].parentId: must be"},
      {"[{\"traceId\":\"1\",\"id\":\"1\"},\n {\"traceId\":\"1x\"}]",
       "$[1].traceId: expected string of hexadecimal digits, got \"1x\" (line 2, column 13)"},
      {R"([{"kind":"CALLER"}])",
       "$[0].kind: expected one of SPAN_KIND_UNSPECIFIED, CLIENT, SERVER, PRODUCER, CONSUMER, got "
       "\"CALLER\""},
      {R"([{"traceId":"1","id":"1","timestamp":18446744073709552}])",
       "$[0].timestamp: must be a time in microseconds since 1970"},
      {R"([{"traceId":"1","id":"1","duration":18446744073709552}])", "$[0].duration: must be"},
      {R"([{"timestamp":-1}])",
       "$[0].timestamp: expected integer from 0 to 18446744073709551615, got number -1"},
      {R"([{"timestamp":1.5}])", "$[0].timestamp: expected integer"},
      {R"([{"tags":{"a":1}}])", "$[0].tags.a: expected string, got number 1"},
      {R"([{"tags":["a"]}])", "$[0].tags: expected object of strings, got array"},
      {R"([{"annotations":{}}])", "$[0].annotations: expected array, got object"},
      {R"([{"traceId":"1","id":"1","annotations":[{"timestamp":18446744073709552}]}])",
       "$[0].annotations: a timestamp must be"},
      {R"([{"debug":"yes"}])", "$[0].debug: expected boolean, got \"yes\""},
      {"[{]", "$[0]: "},
      {"[] x", "$: text after the end of the value (line 1, column 4)"},
  };
  for (const auto& [body, words] : cases) EXPECT_THAT(refusal(body), StartsWith(words)) << body;
}

TEST(ZipkinDecode, WhatIsTooMuchIsDroppedAndCounted) {
  const DecodeLimits limits{
      .spans_max = 2, .attributes_max = 2, .events_max = 1, .text_bytes_max = 4};
  const auto one =
      decode_zipkin_json(fmt::format(R"([{{{},"name":"longer","tags":{{"a":"1","b":"2","c":"3"}},
          "annotations":[{{"value":"a"}},{{"value":"b"}}]}}])",
                                     kIds),
                         limits);
  ASSERT_TRUE(one);
  const Span& span = one->front();
  EXPECT_EQ(span.name, "long");
  EXPECT_EQ(span.truncated_values, 1U);
  EXPECT_EQ(span.attributes.size(), 2U);
  EXPECT_EQ(span.dropped_attributes, 1U);
  EXPECT_EQ(span.events.size(), 1U);
  EXPECT_EQ(span.dropped_events, 1U);
  const auto three = decode_zipkin_json(fmt::format("[{{{0}}},{{{0}}},{{{0}}}]", kIds), limits);
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().code(), Code::kResourceExhausted);
  EXPECT_THAT(three.error().message(), HasSubstr("more than 2 spans"));
}

/// A ListOfSpans of one span with the fields of `more`.
std::string list_of_one(std::string_view more) {
  const std::string ids("\x0a\x08\0\0\0\0\0\0\0\x01\x1a\x08\0\0\0\0\0\0\0\x02", 20);
  std::string list("\x0a");
  list += static_cast<char>(ids.size() + more.size());
  return list.append(ids).append(more);
}

TEST(ZipkinDecode, Protobuf) {
  using namespace std::string_view_literals;
  const auto spans = decode_zipkin_protobuf(
      list_of_one("\x20\x02\x2a\x01x\x42\x09\x0a\x01s\x12\x04\x7f\0\0\x01\x68\x01"sv));
  ASSERT_TRUE(spans) << spans.error().message();
  const Span& span = spans->front();
  EXPECT_EQ(span.trace_id.hex(), "00000000000000000000000000000001");
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.name, "x");
  EXPECT_EQ(span.service(), "s");
  EXPECT_TRUE(span.shared);
  EXPECT_THAT(span.attributes, ElementsAre(Attribute{"net.host.ip", "127.0.0.1"}));
}

TEST(ZipkinDecode, RefusalsOfProtobuf) {
  using namespace std::string_view_literals;
  const std::pair<std::string, std::string> cases[] = {
      {"\xff", "the body is not a protobuf ListOfSpans (1 bytes, broken at or after span 0)"},
      {list_of_one("\x42\x02\x0a\x09"sv), "$[0].localEndpoint is not a valid protobuf message"},
      {list_of_one("\x4a\x02\x0a\x09"sv), "$[0].remoteEndpoint is not"},
      {list_of_one("\x52\x02\x12\x09"sv), "$[0].annotations: one is not"},
      {list_of_one("\x5a\x02\x12\x09"sv), "$[0].tags: one is not"},
      {list_of_one("\x0a\x11"sv), "$[0] is not a valid protobuf message"},
  };
  for (const auto& [body, words] : cases) {
    const auto spans = decode_zipkin_protobuf(body);
    ASSERT_FALSE(spans) << words;
    EXPECT_EQ(spans.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(spans.error().message(), StartsWith(words));
  }
}

}  // namespace
}  // namespace hal::collector
