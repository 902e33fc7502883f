#include <hal/export/zipkin.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>
#include <hal/wire/trace_formats.hpp>

namespace hal::exporter {
namespace {

using namespace std::chrono_literals;
using telemetry::Kind;
using telemetry::RecordedSpan;
using telemetry::SpanStatus;
using ::testing::HasSubstr;
using ::testing::Not;

class ZipkinTest : public ::testing::Test {
 protected:
  static constexpr SpanContext kRemote{
      .trace_id = {{0x46, 0x3a, 0xc3, 0x5c, 0x9f, 0x64, 0x13, 0xad, 0x48, 0x48, 0x5a, 0x39, 0x53,
                    0xbb, 0x61, 0x24}},
      .span_id = {{0xa2, 0xfb, 0x4a, 0x1d, 0x1a, 0x96, 0xd3, 0x12}},
      .sampling = Sampling::kAccepted};

  /// The JSON of one span that `fill` has filled.
  template <class Fill>
  std::string json_of(Fill fill, telemetry::SpanOptions options = {.name = "n"}) {
    const Context context{.tracer = &tracer_, .forwarded = forwarded_};
    {
      RecordedSpan span{context, options};
      ids_.push_back(span.context());
      fill(span);
    }
    return ZipkinJson{resource_}.encode(tracer_.take_batch().span_bytes);
  }

  telemetry::testing::ManualClock clock_;
  telemetry::Tracer tracer_{telemetry::testing::test_options(clock_)};
  std::vector<telemetry::Attribute> resource_{{"service.name", "Hal9000-API"}};
  ForwardedHeadersPtr forwarded_;
  std::vector<SpanContext> ids_;
};

TEST_F(ZipkinTest, ASpanIsWrittenWhole) {
  resource_.push_back({"k8s.pod.name", "api-1"});
  resource_.push_back({"telemetry.sdk.name", "hal9000"});
  forwarded_ = std::make_shared<ForwardedHeaders>(ForwardedHeaders{.trace_state = "a=1"});
  const auto json = json_of(
      [this](RecordedSpan& span) {
        span.set_attribute("http.request.method", "GET");
        span.set_attribute("http.response.status_code", 200);
        span.set_attribute("cached", true);
        span.set_attribute("ratio", 0.5);
        const std::string_view ids[]{"a", "b\"c"};
        span.set_attribute("ids", telemetry::AttributeValue::List{ids});
        clock_.advance(1234567ns);
        span.add_event("plain");
        span.add_event("with \"more\"", {{"k", "v"}, {"n", 1}});
        clock_.advance(1ms);
      },
      {.name = "GET /Hello/:id", .kind = Kind::kServer, .remote_parent = kRemote});
  EXPECT_EQ(json,
            R"([{"traceId":"463ac35c9f6413ad48485a3953bb6124","parentId":"a2fb4a1d1a96d312",)"
            R"("id":")" +
                ids_[0].span_id.hex() +
                R"(","kind":"SERVER","name":"get /hello/:id","timestamp":1700000000000000,)"
                R"("duration":2234,"localEndpoint":{"serviceName":"hal9000-api"},"annotations":[)"
                R"({"timestamp":1700000000001234,"value":"plain"},)"
                R"({"timestamp":1700000000001234,"value":"\"with \\\"more\\\"\": )"
                R"({\"k\":\"v\",\"n\":\"1\"}"}],)"
                R"("tags":{"cached":"true","http.request.method":"GET",)"
                R"("http.response.status_code":"200","ids":"[\"a\",\"b\\\"c\"]",)"
                R"("k8s.pod.name":"api-1","ratio":"0.5","w3c.tracestate":"a=1"}}])");
}

TEST_F(ZipkinTest, WhatIsEmptyIsLeftOut) {
  EXPECT_EQ(json_of([](RecordedSpan&) {}),
            R"([{"traceId":")" + ids_[0].trace_id.hex() + R"(","id":")" + ids_[0].span_id.hex() +
                R"(","name":"n","timestamp":1700000000000000,"duration":1,)"
                R"("localEndpoint":{"serviceName":"hal9000-api"}}])")
      << "no parent, no kind for INTERNAL, and no duration of zero";
  EXPECT_EQ(ZipkinJson{resource_}.encode(""), "[]");
}

TEST_F(ZipkinTest, EachKindButInternalHasAName) {
  for (const auto& [kind, text] : {std::pair{Kind::kServer, "SERVER"},
                                   {Kind::kClient, "CLIENT"},
                                   {Kind::kProducer, "PRODUCER"},
                                   {Kind::kConsumer, "CONSUMER"}}) {
    EXPECT_THAT(json_of([](RecordedSpan&) {}, {.name = "n", .kind = kind}),
                HasSubstr(fmt::format(R"("kind":"{}")", text)));
  }
}

TEST_F(ZipkinTest, TheStatusIsTags) {
  const auto with_status = [this](SpanStatus status, std::string_view message) {
    return json_of([&](RecordedSpan& span) {
      span.set_attribute("error", false);
      span.set_status(status, message);
    });
  };
  EXPECT_THAT(with_status(SpanStatus::kError, "it broke"),
              HasSubstr(R"("tags":{"error":"it broke","otel.status_code":"ERROR"})"));
  EXPECT_THAT(with_status(SpanStatus::kError, ""), HasSubstr(R"("error":"")"));
  EXPECT_THAT(with_status(SpanStatus::kOk, ""), HasSubstr(R"("tags":{"otel.status_code":"OK"})"));
  EXPECT_THAT(with_status(SpanStatus::kUnset, ""), Not(HasSubstr("tags")))
      << "Zipkin takes any `error` for a failure";
}

TEST_F(ZipkinTest, TheOtherEndIsTheBestKnownOne) {
  struct Case {
    std::vector<telemetry::Attribute> attributes;
    std::string endpoint;
  };
  const std::vector<Case> cases{
      {{{"server.address", "Hal9000-Greeter"}}, R"({"serviceName":"hal9000-greeter"})"},
      {{{"server.address", "greeter"}, {"server.port", 8080}},
       R"({"serviceName":"greeter","port":8080})"},
      {{{"server.address", "10.0.0.7"}, {"server.port", 80}}, R"({"ipv4":"10.0.0.7","port":80})"},
      {{{"network.peer.address", "::1"}, {"network.peer.port", 81}}, R"({"ipv6":"::1","port":81})"},
      {{{"network.peer.address", "10.0.0.7"}, {"server.address", "greeter"}},
       R"({"serviceName":"greeter"})"},
      {{{"peer.service", "shop"}, {"server.address", "greeter"}}, R"({"serviceName":"shop"})"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(json_of([&](RecordedSpan& span) { span.set_attributes(each.attributes); },
                        {.name = "n", .kind = Kind::kClient}),
                HasSubstr(R"("remoteEndpoint":)" + each.endpoint + ","));
  }
  EXPECT_THAT(json_of([](RecordedSpan& span) { span.set_attribute("server.address", "x"); }),
              Not(HasSubstr("remoteEndpoint")))
      << "an INTERNAL span has no other end";
}

TEST_F(ZipkinTest, WhatWasDroppedIsCounted) {
  const auto json = json_of([](RecordedSpan& span) {
    for (int i = 0; i < 130; ++i) {
      span.set_attribute(fmt::format("a{}", i), i);
      span.add_event("e");
    }
  });
  EXPECT_THAT(json, HasSubstr(R"("otel.dropped_attributes_count":"2")"));
  EXPECT_THAT(json, HasSubstr(R"("otel.dropped_events_count":"2")"));
}

TEST_F(ZipkinTest, TheSpansOwnAttributeWinsOverTheResources) {
  resource_.push_back({"zone", "resource"});
  EXPECT_THAT(json_of([](RecordedSpan& span) { span.set_attribute("zone", "span"); }),
              HasSubstr(R"("tags":{"zone":"span"})"));
}

/// Answers with the status that the test sets.
class FakeZipkin final : public HttpPost {
 public:
  Task<Result<HttpReply>> post(const std::string& url, const Headers& headers,
                               std::string body) override {
    EXPECT_EQ((co_await this_context()).tracer, nullptr);
    got_url = url;
    got_headers = headers;
    got_body = std::move(body);
    co_return HttpReply{.status = status, .headers = {{"retry-after", "7"}}};
  }
  int status = 202;
  std::string got_url;
  Headers got_headers;
  std::string got_body;
};

Task<Result<Delivery>> send(SpanSender* sender, const std::string* spans) {
  co_return co_await sender->send(*spans);
}

TEST_F(ZipkinTest, ABatchIsOneGuardedPost) {
  const Context context{.tracer = &tracer_};
  for (int i = 0; i < 2; ++i) RecordedSpan{context, {.name = "n"}}.end();
  const std::string batch = tracer_.take_batch().span_bytes;
  const auto zipkin = std::make_shared<FakeZipkin>();
  const auto sender = make_zipkin_sender("http://zipkin:9411/api/v2/spans", resource_, zipkin);
  const auto deliver = [&] {
    return *telemetry::testing::run_traced(tracer_, send, sender.get(), &batch);
  };
  EXPECT_TRUE(deliver().status.ok());
  EXPECT_EQ(zipkin->got_url, "http://zipkin:9411/api/v2/spans");
  EXPECT_EQ(zipkin->got_headers.get("content-type"), "application/json");
  EXPECT_EQ(zipkin->got_headers.get("x-b3-sampled"), "0");
  EXPECT_TRUE(wire::parse_traceparent(*zipkin->got_headers.get("traceparent")).context.valid());
  EXPECT_EQ(zipkin->got_body, ZipkinJson{resource_}.encode(batch));
  EXPECT_EQ(tracer_.pending(), 0u);

  zipkin->status = 503;
  auto delivery = deliver();
  EXPECT_EQ(delivery.status.message(), "the collector answers 503");
  EXPECT_TRUE(delivery.answered && delivery.may_retry);
  EXPECT_EQ(delivery.retry_after, Duration{7s});
  zipkin->status = 400;
  delivery = deliver();
  EXPECT_FALSE(delivery.status.ok() || delivery.may_retry);
}

}  // namespace
}  // namespace hal::exporter
