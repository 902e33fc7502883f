#include <hal/collector/handlers.hpp>

#include <gmock/gmock.h>

#include <hal/internal/otlp.pb.h>
#include <hal/collector/jaeger_json_reader.hpp>
#include <hal/collector/query.hpp>
#include <hal/collector/testing/traces.hpp>
#include <hal/http/testing/run_request.hpp>
#include <hal/wire/gzip.hpp>

namespace hal::collector {
namespace {

using ::testing::HasSubstr;

http::Response post_spans(Store& store, std::string body, Headers headers) {
  Intake intake{store};
  return http::testing::run_request(otlp_routes(intake), {.method = "POST",
                                                          .url = "/v1/traces",
                                                          .headers = std::move(headers),
                                                          .body = std::move(body)});
}

http::Response get(Store& store, std::string url) {
  return http::testing::get(query_routes(store), std::move(url));
}

/// The request with as many spans, each in a trace of its own.
std::string request_of(unsigned spans) {
  internal::otlp::ExportTraceServiceRequest request;
  auto& scope = *request.add_resource_spans()->add_scope_spans();
  for (unsigned i = 1; i <= spans; ++i) {
    auto& span = *scope.add_spans();
    span.set_trace_id(fmt::format("{:016}", i));
    span.set_span_id("12345678");
    span.set_name("work");
  }
  return request.SerializeAsString();
}

const Headers kProtobuf{{"content-type", "application/x-protobuf"}};

TEST(CollectorHandlers, SpansAreTakenAndFound) {
  Store store;
  const auto taken = post_spans(store, request_of(2), kProtobuf);
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(taken.body, "");
  EXPECT_EQ(store.stats().spans, 2U);
  const auto found = get(store, "/api/traces?limit=5");
  EXPECT_EQ(found.status, 200);
  EXPECT_THAT(found.body, HasSubstr("30303030303030303030303030303032"));
}

http::Response post_zipkin(Store& store, std::string body, Headers headers) {
  Intake intake{store};
  return http::testing::run_request(zipkin_routes(intake), {.method = "POST",
                                                            .url = "/api/v2/spans",
                                                            .headers = std::move(headers),
                                                            .body = std::move(body)});
}

TEST(CollectorHandlers, ZipkinSpansAreTakenAndRefused) {
  const std::string json = R"([{"traceId":"a1","id":"b1"}])";
  const std::string protobuf{"\x0a\x06\x0a\x01\x01\x1a\x01\x02"};
  struct Case {
    std::string body;
    Headers headers;
    int status;
    std::string words;
  };
  const Case cases[] = {
      {json, {{"content-type", "application/json"}}, 202, ""},
      {json, {{"content-type", "application/json; charset=utf-8"}}, 202, ""},
      {json, {}, 202, ""},
      {protobuf, kProtobuf, 202, ""},
      {"[]", {}, 202, ""},
      {json, kProtobuf, 400, "not a protobuf ListOfSpans"},
      {"[{}]", {}, 400, "$[0].traceId: is missing"},
      {json, {{"content-type", "application/x-thrift"}}, 415, "'application/x-thrift'"},
      {json, {{"content-encoding", "br"}}, 415, "content-encoding 'br'"},
  };
  for (const Case& one : cases) {
    Store store;
    const auto answer = post_zipkin(store, one.body, one.headers);
    EXPECT_EQ(answer.status, one.status) << one.body;
    EXPECT_THAT(answer.body, HasSubstr(one.words));
    EXPECT_EQ(store.stats().spans, one.status == 202 && one.body != "[]" ? 1U : 0U);
  }
}

TEST(CollectorHandlers, RefusalsOfSpansSayWhy) {
  struct Case {
    std::string body;
    Headers headers;
    int status;
    std::string words;
  };
  const Case cases[] = {
      {"{}", {{"content-type", "text/plain"}}, 415, "content-type 'text/plain'"},
      {"{}", {{"content-type", "application/jsonp"}}, 415, "content-type 'application/jsonp'"},
      {"", {}, 415, "content-type ''"},
      {"x",
       {{"content-type", "application/x-protobuf"}, {"content-encoding", "br"}},
       415,
       "content-encoding 'br'"},
      {"no message", kProtobuf, 400, "ExportTraceServiceRequest"},
      {request_of(100'001), kProtobuf, 413, "more than 100000 spans"},
  };
  for (const auto& [body, headers, status, words] : cases) {
    Store store;
    const auto response = post_spans(store, body, headers);
    EXPECT_EQ(response.status, status) << words;
    EXPECT_THAT(response.body, HasSubstr(words));
    EXPECT_EQ(response.headers.get("content-type"), "application/x-protobuf");
    EXPECT_EQ(store.stats().spans, 0U);
  }
}

TEST(CollectorHandlers, OtlpJsonIsAnsweredInJson) {
  const std::string body =
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736",)"
      R"("spanId":"00f067aa0ba902b7"}]}]}]})";
  struct Case {
    std::string body;
    Headers headers;
    int status;
    std::string answer;
  };
  const Headers json{{"content-type", "application/json"}};
  const Case cases[] = {
      {body, json, 200, "{}"},
      {body, {{"content-type", "Application/JSON ; charset=utf-8"}}, 200, "{}"},
      {"{", json, 400, R"x({"code":3,"message":"$: the text ends too early (line 1, column 2)"})x"},
      {body,
       {{"content-type", "application/json"}, {"content-encoding", "br"}},
       415,
       R"({"code":12,"message":"content-encoding 'br' is not received"})"},
  };
  for (const Case& one : cases) {
    Store store;
    const auto response = post_spans(store, one.body, one.headers);
    EXPECT_EQ(response.status, one.status);
    EXPECT_EQ(response.body, one.answer);
    EXPECT_EQ(response.headers.get("content-type"), "application/json");
    EXPECT_EQ(store.stats().spans, one.status == 200 ? 1U : 0U);
  }
}

TEST(CollectorHandlers, QueriesAnswerInJaegersJson) {
  Store store;
  store.add(testing::hello_trace().spans);
  const auto id = std::string{testing::kTraceId};
  EXPECT_THAT(get(store, "/api/traces/" + id).body, HasSubstr(id));
  EXPECT_THAT(get(store, "/api/traces?traceID=" + id).body, HasSubstr(id));
  EXPECT_THAT(get(store, "/api/services").body, HasSubstr(R"(["hal9000-api","hal9000-greeter"])"));
  EXPECT_THAT(get(store, "/api/services/hal9000-api/operations").body,
              HasSubstr("GET /api/v1/hello/:id"));
  EXPECT_THAT(get(store, "/api/operations?service=hal9000-api").body,
              HasSubstr(R"("spanKind":"server")"));
  EXPECT_THAT(get(store, "/api/traces/4BF92F3577B34DA6A3CE929D0E0E4736").body, HasSubstr(id));
  EXPECT_EQ(get(store, "/api/traces/1").status, 404);
  EXPECT_EQ(get(store, "/api/traces/xyz").status, 400);
  EXPECT_EQ(get(store, "/api/traces?limit=x").status, 400);
}

TEST(CollectorHandlers, GzipBodiesAreTakenAndRefused) {
  const std::string spans = R"([{"traceId":"a1","id":"b1"}])";
  struct Case {
    std::string body;
    int status;
    std::string words;
  };
  const Case cases[] = {
      {wire::gzip(spans), 202, ""},
      {wire::gzip("[{}]"), 400, "$[0].traceId: is missing"},
      {spans, 400, "gzip: incorrect header check"},
      {wire::gzip(spans).substr(0, 20), 400, "gzip: it ends too early"},
      {wire::gzip(std::string(1'000'000, ' ')), 413, "longer than its compressed form"},
  };
  for (const Case& one : cases) {
    Store store;
    const auto answer = post_zipkin(store, one.body, {{"content-encoding", "gzip"}});
    EXPECT_EQ(answer.status, one.status);
    EXPECT_THAT(answer.body, HasSubstr(one.words));
    EXPECT_EQ(store.stats().spans, one.status == 202 ? 1U : 0U);
  }
}

TEST(CollectorHandlers, ATraceOf64BitsIsFoundByEitherForm) {
  Store store;
  store.add({testing::make_span({.id = "1"}, "00000000000000000123456789abcdef")});
  for (const char* id : {"0123456789abcdef", "0123456789ABCDEF", "123456789abcdef",
                         "00000000000000000123456789abcdef"}) {
    EXPECT_EQ(get(store, fmt::format("/api/traces/{}", id)).status, 200);
    EXPECT_THAT(get(store, fmt::format("/api/traces?traceID={}", id)).body,
                HasSubstr("00000000000000000123456789abcdef"));
  }
}

TEST(CollectorHandlers, LongAnswersComeInPieces) {
  Store store;
  constexpr std::size_t kTraces = 2000;
  for (std::size_t i = 1; i <= kTraces; ++i) {
    store.add(testing::hello_trace(fmt::format("{:032x}", i)).spans);
  }
  const auto all = get(store, "/api/traces?limit=100000");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.headers.get("content-type"), "application/json");
  EXPECT_GT(all.body.size(), 1024U * 1024U);
  const auto traces = parse_traces(all.body);
  ASSERT_TRUE(traces) << traces.error().message();
  EXPECT_EQ(traces->size(), kTraces);
  EXPECT_EQ(parse_traces(get(store, "/api/traces").body)->size(), QueryLimits{}.limit_default);
}

}  // namespace
}  // namespace hal::collector
