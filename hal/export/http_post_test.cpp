// The exporter and a collector with a real HTTP connection between them.
#include <hal/export/http_post.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/export/otlp_http.hpp>
#include <hal/export/span_exporter.hpp>
#include <hal/net/testing/tls_pair.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/span.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>
#include <hal/transport/accept_loop.hpp>
#include <hal/transport/http1_server.hpp>
#include <hal/wire/gzip.hpp>

namespace hal::exporter {
namespace {

using telemetry::testing::decode_request;
using ::testing::HasSubstr;

class Collector final : public transport::ConnectionHandler, private transport::Http1Handler {
 public:
  explicit Collector(service::testing::TestHost& host) : host_{host} {
    listener_ = std::move(*host.network().listen(host.loop(), {"", 4318}, {}));
    host.background().spawn(&Collector::accept, this);
  }
  std::vector<transport::HttpRequest> requests;
  int connections = 0;
  std::optional<net::TlsServer> tls;

 private:
  static Task<> accept(Collector* self) {
    (void)co_await serve_connections(*self->listener_, *self, self->host_.worker());
  }
  Task<> serve(std::unique_ptr<net::Stream> stream) override {
    ++connections;
    const transport::Http1ServerOptions options;
    if (tls) {
      auto secured = co_await tls->accept(std::move(stream));
      if (!secured) co_return;
      stream = std::move(*secured);
    }
    co_await serve_http1(*stream, *this, options, host_.drain());
  }
  Task<> handle(transport::HttpRequest& request, transport::HttpResponse& response) override {
    requests.push_back(request);
    response.headers.set("x-collector", "fake");
    response.body = "taken";
    co_return;
  }
  void refuse(int, std::string_view, transport::HttpResponse&) override {}

  service::testing::TestHost& host_;
  std::unique_ptr<net::Listener> listener_;
};

struct HttpPostTest : ::testing::Test {
  ~HttpPostTest() override { host.shut_down(); }

  static Task<Result<HttpReply>> post(HttpPost* http, std::string url, Headers headers,
                                      std::string body) {
    co_return co_await http->post(url, headers, std::move(body));
  }
  Result<HttpReply> post(std::string url, Headers headers = {}, std::string body = {}) {
    Task<Result<HttpReply>> (*const run)(HttpPost*, std::string, Headers, std::string) = post;
    return host.run(run, http.get(), std::move(url), std::move(headers), std::move(body));
  }

  service::testing::TestHost host;
  Collector collector{host};
  std::shared_ptr<HttpPost> http = make_http_post(host.network(), 1);
};

TEST_F(HttpPostTest, SendsTheRequestAsItIsAndKeepsTheConnection) {
  for (int i = 0; i < 2; ++i) {
    const auto reply = post("http://127.0.0.1:4318/v1/traces?x=1", {{"a", "b"}}, "bytes");
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->headers.get("x-collector"), "fake");
    EXPECT_EQ(reply->body, "taken");
  }
  EXPECT_EQ(collector.connections, 1);
  ASSERT_EQ(collector.requests.size(), 2u);
  const auto& request = collector.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/traces?x=1");
  EXPECT_EQ(request.body, "bytes");
  EXPECT_EQ(request.headers.get("a"), "b");
  EXPECT_EQ(request.headers.get("host"), "127.0.0.1:4318");
  EXPECT_EQ(request.headers.get("content-length"), "5");
  EXPECT_EQ(request.headers.size(), 3u);
}

TEST_F(HttpPostTest, SaysWhyThereIsNoAnswer) {
  EXPECT_EQ(post("http://127.0.0.1:1/v1/traces").error().code(), Code::kUnavailable);
  EXPECT_EQ(post("collector").error().code(), Code::kInvalidArgument);
  EXPECT_THAT(post("https://127.0.0.1:4318/").error().message(), HasSubstr("TLS: "));
}

TEST_F(HttpPostTest, GzipMakesTheBodyShorter) {
  http = make_http_post(host.network(), 1, {.compression = Compression::kGzip});
  const std::string body(1000, 's');
  ASSERT_TRUE(post("http://127.0.0.1:4318/v1/traces", {}, body));
  const auto& request = collector.requests.at(0);
  EXPECT_EQ(request.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(request.headers.get("content-length"), fmt::format("{}", request.body.size()));
  EXPECT_LT(request.body.size(), 100U);
  EXPECT_EQ(wire::gunzip(request.body), body);
}

TEST_F(HttpPostTest, HttpsIsVerified) {
  auto tls = net::testing::usual_tls();
  tls.server.client_ca_pem = net::testing::shared_ca().pem();
  collector.tls = *net::TlsServer::make(tls.server);
  const std::string url = "https://127.0.0.1:4318/v1/traces";
  tls.client.identity = net::testing::shared_ca().issue({.names = {"URI:spiffe://mesh/api"}});
  http = make_http_post(host.network(), 1, {.tls = tls.client});
  for (int i = 0; i < 2; ++i) {
    const auto reply = post(url, {}, "spans");
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(reply->body, "taken");
  }
  EXPECT_EQ(collector.connections, 1) << "the connection is kept";

  http = make_http_post(host.network(), 1);
  EXPECT_THAT(post(url).error().message(), HasSubstr("TLS: unable to get local issuer"));
  http = make_http_post(host.network(), 1, {.tls = {.ca_pem = "x"}});
  EXPECT_EQ(post(url).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(collector.requests.size(), 2U);
}

TEST_F(HttpPostTest, AConnectionThatDoesNotComeInTimeMayBeTriedAgain) {
  host.memory().hang(4318);
  const auto sender = make_otlp_http_sender("http://127.0.0.1:4318/v1/traces", {}, {}, http);
  const auto send = [](SpanSender* to) -> Task<Result<Delivery>> {
    const std::string spans;
    co_return co_await to->send(spans);
  };
  const auto delivery = host.run(send, sender.get());
  EXPECT_EQ(delivery->status.code(), Code::kUnavailable) << delivery->status.to_string();
  EXPECT_TRUE(delivery->may_retry);
  EXPECT_FALSE(delivery->answered);
}

Task<Result<>> record_and_flush(SpanExporter* exporter, telemetry::Tracer* tracer) {
  (co_await this_context()).tracer = tracer;
  {
    auto outer = co_await start_span("outer");
    auto inner = co_await start_span("inner");
  }
  co_return co_await exporter->flush(*tracer);
}

TEST_F(HttpPostTest, CarriesSpansToACollector) {
  const telemetry::testing::CapturedLogs logs;
  const telemetry::testing::ManualClock clock;
  telemetry::Tracer tracer{telemetry::testing::test_options(clock)};
  const telemetry::Attribute resource[]{{"service.name", "api"}};
  SpanExporter exporter{
      {}, make_otlp_http_sender("http://127.0.0.1:4318/v1/traces", {}, resource, http)};
  EXPECT_TRUE(host.run(record_and_flush, &exporter, &tracer));
  ASSERT_EQ(collector.requests.size(), 1u);
  const auto spans = decode_request(collector.requests[0].body);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].parent_id, spans[1].span_id);
  EXPECT_EQ(collector.requests[0].headers.get("x-b3-sampled"), "0");
  EXPECT_TRUE(collector.requests[0].headers.get("traceparent")->ends_with("-00"));
  EXPECT_EQ(exporter.counters().spans_exported, 2u);

  const std::string nowhere = "http://127.0.0.1:1/v1/traces";
  SpanExporter nobody{{.endpoint = nowhere}, make_otlp_http_sender(nowhere, {}, resource, http)};
  EXPECT_EQ(host.run(record_and_flush, &nobody, &tracer).error().code(), Code::kUnavailable);
  EXPECT_EQ(nobody.counters().spans_failed, 2u);
  EXPECT_EQ(logs.count("trace export to http://127.0.0.1:1/v1/traces"), 1u);
}

}  // namespace
}  // namespace hal::exporter
