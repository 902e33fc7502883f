#include <hal/collector/handlers.hpp>

#include <gmock/gmock.h>

#include <hal/internal/otlp.pb.h>
#include <hal/collector/testing/traces.hpp>
#include <hal/http/testing/run_request.hpp>

namespace hal::collector {
namespace {

using ::testing::HasSubstr;

http::Response post_spans(Store& store, std::string body, Headers headers) {
  return http::testing::run_request(otlp_routes(store), {.method = "POST",
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
  return http::testing::run_request(zipkin_routes(store), {.method = "POST",
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
      {"{}", {{"content-type", "application/json"}}, 415, "only application/x-protobuf"},
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
  EXPECT_EQ(get(store, "/api/traces/1").status, 404);
  EXPECT_EQ(get(store, "/api/traces/xyz").status, 400);
  EXPECT_EQ(get(store, "/api/traces?limit=x").status, 400);
}

}  // namespace
}  // namespace hal::collector
