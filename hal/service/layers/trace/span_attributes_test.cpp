#include <hal/service/layers/trace/span_attributes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/service/http_status.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/testing/test_call.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

namespace hal::layers {
namespace {

using service::Call;
using service::Kind;
using service::Protocol;
using telemetry::SpanStatus;
using telemetry::testing::DecodedSpan;
using ::testing::ElementsAre;
using ::testing::Pair;

Task<> end_with(Call& call, Status status, int http_status) {
  call.status = std::move(status);
  call.http_status = http_status;
  co_return;
}

/// The span of a call that ends so.
DecodedSpan span_of(Call call, Headers headers = {}, Status status = {}, int http_status = 0) {
  telemetry::testing::ManualClock clock;
  telemetry::Tracer tracer{telemetry::testing::test_options(clock)};
  call.request_headers = &headers;
  service::Layers layers;
  if (call.kind == Kind::kServer) {
    layers.push_back(std::make_shared<ServerTrace>(TraceOptions{}));
  } else {
    layers.push_back(std::make_shared<ClientTrace>(TraceOptions{}));
  }
  service::testing::TestTerminal terminal{
      [&](Call& running) { return end_with(running, status, http_status); }};
  EXPECT_TRUE(telemetry::testing::run_traced(tracer, service::testing::run_call_body, &layers,
                                             &terminal, &call));
  auto spans = telemetry::testing::take_spans(tracer);
  EXPECT_EQ(spans.size(), 1u);
  return spans.at(0);
}

TEST(SpanAttributes, HttpServer) {
  const auto span = span_of({.kind = Kind::kServer,
                             .method = "GET",
                             .path = "/api/v1/hello/ww",
                             .query = "a=1",
                             .route = "/api/v1/hello/:id",
                             .peer_host = "10.0.0.7",
                             .peer_port = 4321},
                            {{"user-agent", "curl/8"}, {"x-request-id", "abc"}}, {}, 200);
  EXPECT_EQ(span.name, "GET /api/v1/hello/:id");
  EXPECT_EQ(span.kind, telemetry::Kind::kServer);
  EXPECT_EQ(span.status, SpanStatus::kUnset);
  EXPECT_THAT(
      span.attributes,
      ElementsAre(Pair("http.request.header.x-request-id", "[abc]"),
                  Pair("http.request.method", "GET"), Pair("http.response.status_code", "200"),
                  Pair("http.route", "/api/v1/hello/:id"), Pair("network.peer.address", "10.0.0.7"),
                  Pair("network.peer.port", "4321"), Pair("url.path", "/api/v1/hello/ww"),
                  Pair("url.query", "a=1"), Pair("url.scheme", "http"),
                  Pair("user_agent.original", "curl/8")));
}

TEST(SpanAttributes, HttpClient) {
  const auto span = span_of({.kind = Kind::kClient,
                             .method = "POST",
                             .path = "/v1/x",
                             .query = "q=1",
                             .peer_host = "auth",
                             .peer_port = 8080},
                            {}, {}, 201);
  EXPECT_EQ(span.name, "POST");
  EXPECT_EQ(span.kind, telemetry::Kind::kClient);
  EXPECT_THAT(
      span.attributes,
      ElementsAre(Pair("http.request.method", "POST"), Pair("http.response.status_code", "201"),
                  Pair("server.address", "auth"), Pair("server.port", "8080"),
                  Pair("url.full", "http://auth:8080/v1/x?q=1")));
}

TEST(SpanAttributes, GrpcServerAndClient) {
  const auto server = span_of({.kind = Kind::kServer,
                               .protocol = Protocol::kGrpc,
                               .method = "greeter.Greeter/SayHello",
                               .path = "/greeter.Greeter/SayHello",
                               .peer_host = "10.0.0.7",
                               .peer_port = 4321},
                              {{"x-request-id", "abc"}});
  EXPECT_EQ(server.name, "greeter.Greeter/SayHello");
  EXPECT_THAT(
      server.attributes,
      ElementsAre(Pair("http.request.header.x-request-id", "[abc]"),
                  Pair("network.peer.address", "10.0.0.7"), Pair("network.peer.port", "4321"),
                  Pair("rpc.method", "greeter.Greeter/SayHello"), Pair("rpc.status_code", "OK"),
                  Pair("rpc.system.name", "grpc")));
  const auto client = span_of({.kind = Kind::kClient,
                               .protocol = Protocol::kGrpc,
                               .method = "greeter.Greeter/SayHello",
                               .peer_host = "hal9000-greeter"});
  EXPECT_EQ(client.name, "greeter.Greeter/SayHello");
  EXPECT_THAT(
      client.attributes,
      ElementsAre(Pair("rpc.method", "greeter.Greeter/SayHello"), Pair("rpc.status_code", "OK"),
                  Pair("rpc.system.name", "grpc"), Pair("server.address", "hal9000-greeter")));
}

TEST(SpanAttributes, NamesAreNeverPaths) {
  std::string buffer;
  EXPECT_EQ(span_name({.method = "GET", .path = "/secret/1"}, buffer), "GET");
  EXPECT_EQ(span_name({.method = "BREW", .path = "/", .route = "/"}, buffer), "HTTP /");
  const auto span = span_of({.method = "BREW", .path = "/pot"}, {}, {}, 405);
  EXPECT_EQ(span.name, "HTTP");
  EXPECT_EQ(span.attributes.at("http.request.method"), "_OTHER");
  EXPECT_EQ(span.attributes.at("http.request.method_original"), "BREW");
}

TEST(SpanAttributes, UrlsAreWellFormedAndKeepNoSignature) {
  const Call v6{.kind = Kind::kClient,
                .method = "GET",
                .path = "/o",
                .query = "sig=abc&x=1&Signature=&y&AWSAccessKeyId=me",
                .scheme = "https",
                .peer_host = "::1",
                .peer_port = 443};
  EXPECT_EQ(span_of(v6).attributes.at("url.full"),
            "https://[::1]:443/o?sig=REDACTED&x=1&Signature=REDACTED&y&AWSAccessKeyId=REDACTED");
  const Call server{.method = "GET", .path = "/o", .query = "X-Goog-Signature=1&"};
  EXPECT_EQ(span_of(server).attributes.at("url.query"), "X-Goog-Signature=REDACTED&");
}

struct Outcome {
  Kind kind;
  Protocol protocol;
  Code code;
  int http_status;
  std::string error_type;  ///< empty: the span is no error
};

TEST(SpanAttributes, EachSideHasItsOwnRuleOfWhatAnErrorIs) {
  using enum Kind;
  using enum Protocol;
  std::vector<Outcome> outcomes{
      {kServer, kHttp, Code::kOk, 399, ""},
      {kServer, kHttp, Code::kNotFound, 404, ""},
      {kServer, kHttp, Code::kOk, 500, "500"},
      {kServer, kHttp, Code::kUnavailable, 503, "503"},
      {kServer, kHttp, Code::kInternal, 0, "500"},  // the edge answers it
      {kServer, kHttp, Code::kDeadlineExceeded, 0, "504"},
      {kServer, kHttp, Code::kNotFound, 0, ""},
      {kClient, kHttp, Code::kOk, 302, ""},
      {kClient, kHttp, Code::kOk, 400, "400"},
      {kClient, kHttp, Code::kOk, 500, "500"},
      {kClient, kHttp, Code::kUnavailable, 0, "UNAVAILABLE"},  // no answer at all
  };
  for (unsigned number = 0; number <= 16; ++number) {
    const Code code = code_from_number(number);
    const bool ours = code == Code::kUnknown || code == Code::kDeadlineExceeded ||
                      code == Code::kUnimplemented || code == Code::kInternal ||
                      code == Code::kUnavailable || code == Code::kDataLoss;
    const std::string type{name(code)};
    outcomes.push_back({kServer, kGrpc, code, 0, ours ? type : ""});
    outcomes.push_back({kClient, kGrpc, code, 0, code != Code::kOk ? type : ""});
  }
  for (const Outcome& outcome : outcomes) {
    SCOPED_TRACE(std::string{name(outcome.code)} + " " + std::to_string(outcome.http_status));
    const bool ok = outcome.code == Code::kOk;
    const auto span = span_of(
        {.kind = outcome.kind, .protocol = outcome.protocol, .method = "GET", .peer_host = "h"}, {},
        ok ? Status{} : Status{outcome.code, "why"}, outcome.http_status);
    const bool failed = !outcome.error_type.empty();
    EXPECT_EQ(span.status, failed ? SpanStatus::kError : SpanStatus::kUnset);
    EXPECT_EQ(span.attributes.contains("error.type"), failed);
    if (failed) {
      EXPECT_EQ(span.attributes.at("error.type"), outcome.error_type);
      EXPECT_EQ(span.status_message, ok ? "" : "why");
    }
    EXPECT_EQ(span.attributes.contains("rpc.status_code"), outcome.protocol == kGrpc);
  }
}

TEST(HttpStatus, IsDefinedForEveryCode) {
  const int expected[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                          400, 409, 400, 501, 500, 503, 500, 401};
  for (unsigned number = 0; number <= 16; ++number) {
    EXPECT_EQ(service::http_status_of(code_from_number(number)), expected[number]) << number;
  }
}

}  // namespace
}  // namespace hal::layers
