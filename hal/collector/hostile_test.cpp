// Bodies that nobody means well with, for all decoders: taken or refused with a reason, and never
// more than the limits allow.
#include <hal/collector/intake.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <random>

#include <fmt/format.h>

#include <hal/internal/otlp.pb.h>
#include <hal/collector/jaeger_json.hpp>
#include <hal/collector/jaeger_json_reader.hpp>
#include <hal/collector/otlp_decode.hpp>
#include <hal/collector/zipkin_decode.hpp>
#include <hal/telemetry/otlp_writer.hpp>

namespace hal::collector {
namespace {

constexpr DecodeLimits kLimits{.spans_max = 8,
                               .attributes_max = 4,
                               .events_max = 2,
                               .links_max = 2,
                               .text_bytes_max = 64,
                               .scope_bytes_max = 16};

using Decode = Result<std::vector<Span>> (*)(std::string_view, const DecodeLimits&);

void expect_within_limits(const std::vector<Span>& spans) {
  EXPECT_LE(spans.size(), kLimits.spans_max);
  for (const Span& span : spans) {
    EXPECT_TRUE(span.trace_id.valid());
    EXPECT_TRUE(span.span_id.valid());
    EXPECT_NE(span.resource, nullptr);
    EXPECT_LE(span.attributes.size(), kLimits.attributes_max);
    EXPECT_LE(span.events.size(), kLimits.events_max);
    EXPECT_LE(span.links.size(), kLimits.links_max);
    EXPECT_LE(span.name.size(), kLimits.text_bytes_max);
    if (span.scope) {
      EXPECT_LE(span.scope->name.size(), kLimits.scope_bytes_max);
      EXPECT_LE(span.scope->version.size(), kLimits.scope_bytes_max);
    }
    EXPECT_LE(span.service().size(), kLimits.text_bytes_max);
    EXPECT_LE(span.end_unix_ns, UINT64_MAX);
  }
}

/// What a decoder makes of anything: spans that can be stored and told, or a reason.
void expect_spans_or_reason(Decode decode, std::string_view body) {
  auto spans = decode(body, kLimits);
  if (!spans) {
    EXPECT_TRUE(spans.error().code() == Code::kInvalidArgument ||
                spans.error().code() == Code::kResourceExhausted);
    EXPECT_NE(spans.error().message(), "");
    EXPECT_LT(spans.error().message().size(), 20'000U);
    return;
  }
  expect_within_limits(*spans);
  Store store;
  store.add(std::move(*spans));
  const auto traces = store.recent(100);
  const auto again = parse_traces(traces_json(traces));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->size(), traces.size());
}

std::string changed(std::string text, std::minstd_rand& random, std::string_view pieces) {
  const auto below = [&random](std::size_t end) {
    return random() % std::max<std::size_t>(end, 1);
  };
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t size = 1 + below(12);
    switch (below(6)) {
      case 0:
        text.erase(at, size);
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), size * 4));
        break;
      case 4:
        text.insert(at, pieces.substr(below(pieces.size()), size));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

std::string otlp_protobuf() {
  internal::otlp::ExportTraceServiceRequest request;
  auto& resource = *request.add_resource_spans();
  auto& service = *resource.mutable_resource()->add_attributes();
  service.set_key("service.name");
  service.mutable_value()->set_string_value("api");
  auto& span = *resource.add_scope_spans()->add_spans();
  span.set_trace_id("0123456789abcdef");
  span.set_span_id("01234567");
  span.set_name("work");
  span.set_start_time_unix_nano(1'700'000'000'000'000'000);
  auto& list = *span.add_attributes();
  list.set_key("list");
  list.mutable_value()->mutable_array_value()->add_values()->set_int_value(5);
  span.add_events()->set_name("event");
  span.add_links()->set_trace_id("0123456789abcdef");
  return request.SerializeAsString();
}

constexpr std::string_view kOtlpJsonBody = R"({"resourceSpans":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"api"}}]},"scopeSpans":[{"scope":{"name":"hal"},
  "spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","kind":2,
  "name":"work","startTimeUnixNano":"1700000000000000000","attributes":[{"key":"l","value":
  {"arrayValue":{"values":[{"intValue":"5"},{"doubleValue":0.5},{"bytesValue":"AP8="}]}}}],
  "events":[{"timeUnixNano":1,"name":"e"}],"links":[{"traceId":"01","spanId":"02"}],
  "status":{"code":"STATUS_CODE_ERROR"}}]}]}]})";
constexpr std::string_view kZipkinJsonBody = R"([{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736",
  "id":"00f067aa0ba902b7","parentId":"1","kind":"CLIENT","name":"get","timestamp":1700000000000000,
  "duration":5,"localEndpoint":{"serviceName":"api","ipv4":"127.0.0.1","port":80},"shared":true,
  "annotations":[{"timestamp":1700000000000001,"value":"retry"}],"tags":{"error":"why","a":"b"}}])";
constexpr std::string_view kJsonPieces =
    R"([[[[{{{{}}}]]]"":,nulltruefalse-1e999,0.5,18446744073709551616,"\u0000\ud800\n","\xff",)";
// Fields of ids, lengths and numbers that are too large or do not end.
constexpr std::string_view kProtobufPieces{
    "\x0a\x10\x12\x08\x1a\xff\xff\xff\xff\x0f\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x31\x39"
    "\x00",
    24};

struct Case {
  const char* name;
  Decode decode;
  std::string body;
  std::string_view pieces;
};

std::vector<Case> cases() {
  const std::string zipkin_protobuf{
      "\x0a\x24\x0a\x08\0\0\0\0\0\0\0\x01\x1a\x08\0\0\0\0\0\0\0\x02\x20\x02\x2a\x01x\x42\x09\x0a"
      "\x01s\x12\x04\x7f\0\0\x01",
      38};
  return {{"OTLP protobuf", decode_otlp_traces, otlp_protobuf(), kProtobufPieces},
          {"OTLP JSON", decode_otlp_traces_json, std::string{kOtlpJsonBody}, kJsonPieces},
          {"Zipkin JSON", decode_zipkin_json, std::string{kZipkinJsonBody}, kJsonPieces},
          {"Zipkin protobuf", decode_zipkin_protobuf, zipkin_protobuf, kProtobufPieces}};
}

TEST(HostileBodies, WhatIsChangedIsAGoodBody) {
  for (const Case& one : cases()) {
    const auto spans = one.decode(one.body, kLimits);
    ASSERT_TRUE(spans) << one.name << ": " << spans.error().message();
    EXPECT_EQ(spans->size(), 1U);
  }
}

TEST(HostileBodies, RandomChangesGiveSpansOrAReason) {
  const std::uint32_t seed = std::random_device{}();
  for (const Case& one : cases()) {
    std::minstd_rand random{seed};
    for (int round = 0; round < 3'000; ++round) {
      const std::string body = changed(one.body, random, one.pieces);
      SCOPED_TRACE(fmt::format("{}, seed {}, round {}", one.name, seed, round));
      expect_spans_or_reason(one.decode, body);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(HostileBodies, EveryCutGivesSpansOrAReason) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    for (std::size_t size = 0; size < one.body.size(); ++size) {
      expect_spans_or_reason(one.decode, std::string_view{one.body}.substr(0, size));
    }
  }
}

// What stands once in a body and goes for all of its spans must not be there once for each.
TEST(HostileBodies, ALargeScopeIsCutAndSharedByItsSpans) {
  using telemetry::otlp::append_bytes_field;
  std::string scope;
  for (int i = 0; i < 10'000; ++i) append_bytes_field(scope, i % 2 == 0 ? 1 : 2, "no");
  append_bytes_field(scope, 1, std::string(1'000, 'n'));
  append_bytes_field(scope, 2, "1.0");
  internal::otlp::ExportTraceServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(otlp_protobuf()));
  const auto span = request.resource_spans(0).scope_spans(0).spans(0).SerializeAsString();
  std::string scope_spans, resource_spans, body;
  append_bytes_field(scope_spans, 1, scope);
  for (int i = 0; i < 3; ++i) append_bytes_field(scope_spans, 2, span);
  append_bytes_field(resource_spans, 2, scope_spans);
  append_bytes_field(body, 1, resource_spans);

  const auto spans = decode_otlp_traces(body, kLimits);
  ASSERT_TRUE(spans) << spans.error().message();
  ASSERT_EQ(spans->size(), 3U);
  expect_within_limits(*spans);
  ASSERT_NE(spans->front().scope, nullptr);
  EXPECT_EQ(*spans->front().scope,
            (Instrumentation{.name = std::string(16, 'n'), .version = "1.0"}));
  for (const Span& one : *spans) {
    EXPECT_EQ(one.scope, spans->front().scope);
    EXPECT_EQ(one.attributes.size(), 1U);
  }
}

TEST(HostileBodies, LargeOnesEndAtALimit) {
  const auto repeated = [](std::string_view piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
  };
  const std::string json[] = {
      repeated("[", 1'000'000),
      repeated(R"({"resourceSpans":[)", 100'000),
      "[" + repeated("{},", 1'000'000) + "{}]",
      "[" + repeated("1,", 1'000'000) + "1]",
      "\"" + repeated("x", 3'000'000) + "\"",
      repeated("9", 3'000'000),
      "[{\"tags\":{" + repeated("\"\":\"\",", 500'000) + "\"\":\"\"}}]",
      "{\"resourceSpans\":[" + repeated("{},", 500'000) + "{}]}",
      "[{\"traceId\":\"" + repeated("0", 1'000'000) + "\"}]",
  };
  for (const std::string& body : json) {
    SCOPED_TRACE(body.substr(0, 30));
    expect_spans_or_reason(decode_zipkin_json, body);
    expect_spans_or_reason(decode_otlp_traces_json, body);
    expect_spans_or_reason(decode_zipkin_protobuf, body);
    expect_spans_or_reason(decode_otlp_traces, body);
  }
  expect_spans_or_reason(decode_otlp_traces, repeated(std::string_view{"\x0a\0", 2}, 1'000'000));
  expect_spans_or_reason(decode_zipkin_protobuf,
                         repeated(std::string_view{"\x0a\0", 2}, 1'000'000));
}

}  // namespace
}  // namespace hal::collector
