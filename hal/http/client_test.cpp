#include <hal/http/client.hpp>

#include <hal/async/deadline.hpp>
#include <hal/http/server.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/testing/test_host.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Answers with the request as it came in.
Response mirror(const Request& request) {
  Response response{.status = 200};
  response.body =
      fmt::format("{} {}?{} {}\n", request.method, request.path, request.query, request.body);
  for (const auto field : request.headers) {
    response.body += fmt::format("{}: {}\n", field.name, field.value);
  }
  return response;
}
Result<std::string> missing() { return error(Code::kNotFound, "nothing here"); }
Response moved() { return {.status = 302, .headers = {{"location", "http://server/mirror/1"}}}; }
Task<std::string> slow() {
  (void)co_await sleep(1h);
  co_return "slow";
}

/// Adds a header, and notes what the call looks like before and after.
class Observe final : public service::Layer {
 public:
  explicit Observe(std::vector<std::string>& log) : log_{log} {}
  Task<> handle(service::Call& call, service::Next next) const override {
    call.request_headers->add("x-layer", "1");
    log_.push_back(fmt::format("{} {} {}:{} {} {}", call.kind == service::Kind::kClient,
                               call.method, call.peer_host, call.peer_port, call.path, call.query));
    co_await next(call);
    log_.push_back(fmt::format("{} {} {}", call.http_status, name(call.status.code()),
                               call.response_headers != nullptr));
  }

 private:
  std::vector<std::string>& log_;
};

struct Fixture {
  Fixture() {
    host.listen_on = {"", 80};
    host.around_client = {std::make_shared<Observe>(log)};
    host.memory().add_host("server", {"127.0.0.1"});
    client.emplace(host);
    host.background().spawn(&Fixture::serve, this);
    EXPECT_TRUE(host.run(&Fixture::listening, this));
  }
  static Task<Result<net::Endpoint>> listening(Fixture* self) {
    return self->host.wait_listening();
  }
  ~Fixture() { host.shut_down(); }
  static Task<> serve(Fixture* self) {
    auto router = Router{}
                      .get("/mirror/:x", mirror)
                      .post("/mirror/:x", mirror)
                      .get("/missing", missing)
                      .get("/moved", moved)
                      .get("/slow", slow);
    (void)co_await Server{self->host, std::move(router)}.run();
  }
  static Task<Result<Response>> send(Fixture* self, ClientRequest request) {
    co_return co_await self->client->request(std::move(request));
  }
  Result<Response> request(ClientRequest request) {
    return host.run(&Fixture::send, this, std::move(request));
  }
  std::string error_of(std::string url) {
    const auto response = request({.url = std::move(url)});
    return response ? "no error" : response.error().to_string();
  }

  std::vector<std::string> log;
  service::testing::TestHost host;
  std::optional<Client> client;
};

TEST(HttpClient, SendsWhatItIsTold) {
  Fixture f;
  const auto response = f.request({.method = "POST",
                                   .url = "http://server/mirror/a%20b?c=d",
                                   .headers = {{"content-type", "text/x"}},
                                   .body = "hello"});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body,
            "POST /mirror/a%20b?c=d hello\n"
            "content-type: text/x\n"
            "host: server\n"
            "user-agent: hal9000\n"
            "accept-encoding: gzip\n"
            "x-layer: 1\n"
            "Content-Length: 5\n");
}

TEST(HttpClient, DuplicateAndMixedCaseHeadersAreKept) {
  Fixture f;
  const auto response =
      f.request({.url = "http://server/mirror/1",
                 .headers = {{"X-Two", "1"}, {"Other", "a"}, {"x-two", "2"}, {"X-Two", "1"}}});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_THAT(response->body, HasSubstr("X-Two: 1\nOther: a\nx-two: 2\nX-Two: 1\n"));
}

TEST(HttpClient, LayersSeeTheCall) {
  Fixture f;
  EXPECT_EQ(f.request({.url = "http://server/missing?x"})->status, 404);
  EXPECT_THAT(f.log, ::testing::ElementsAre("true GET server:80 /missing x", "404 OK true"));
  f.log.clear();
  EXPECT_FALSE(f.request({.url = "http://server:81/"}));
  EXPECT_THAT(f.log, ::testing::ElementsAre("true GET server:81 / ", "0 UNAVAILABLE false"));
}

TEST(HttpClient, RedirectsAreNotFollowed) {
  Fixture f;
  const auto response = f.request({.url = "http://server/moved"});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->headers.get("location"), "http://server/mirror/1");
  EXPECT_EQ(f.log.size(), 2U) << "one request";
}

TEST(HttpClient, GetAndPost) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    const auto got = co_await or_return(
        self->client->get("http://server/mirror/1", {{"x-request-id", "id"}, {"host", "own"}}));
    const auto posted = co_await or_return(
        self->client->post("http://server/mirror/2", "data", {{"user-agent", "me"}}));
    co_return got.body + posted.body;
  };
  EXPECT_EQ(*f.host.run(script, &f),
            "GET /mirror/1? \nx-request-id: id\nhost: own\nuser-agent: hal9000\naccept-encoding: "
            "gzip\nx-layer: 1\n"
            "POST /mirror/2? data\nuser-agent: me\nhost: server\naccept-encoding: gzip\nx-layer: "
            "1\nContent-Length: 4\n");
  EXPECT_EQ(f.host.memory().connects(), 1U) << "the connection is used again";
}

TEST(HttpClient, ErrorsSayWhichRequestAndWhy) {
  Fixture f;
  EXPECT_THAT(f.error_of("nonsense"), StartsWith("INVALID_ARGUMENT: 'nonsense': "));
  EXPECT_THAT(f.error_of("http://server:81/x"),
              StartsWith("UNAVAILABLE: GET http://server:81/x: "));
  EXPECT_THAT(f.error_of("http://unknown/"), StartsWith("UNAVAILABLE: GET http://unknown/: "));
  EXPECT_EQ(f.error_of("http://server/slow"),
            "DEADLINE_EXCEEDED: GET http://server/slow: waiting for the answer of server:80: "
            "deadline exceeded");
  EXPECT_EQ(f.request({.method = "GET", .url = "http://server/", .headers = {{"a", "b\r\nc: d"}}})
                .error()
                .code(),
            Code::kInvalidArgument);
}

TEST(HttpClient, ErrorsShowNoSecretsOfTheUrl) {
  Fixture f;
  EXPECT_EQ(
      f.error_of("http://me:secret@server/x"),
      "INVALID_ARGUMENT: 'http://***@server/x': a user or password in a URL is not supported");
  EXPECT_THAT(f.error_of("http://server:81/x?token=secret"),
              StartsWith("UNAVAILABLE: GET http://server:81/x?token=***: "));
}

TEST(HttpClient, RequestsCarryTheTrace) {
  Fixture f;
  service::Layers layers{std::make_shared<layers::ClientTrace>(layers::TraceOptions{})};
  Client traced{f.host.network(), 1, layers};
  const auto script = [](Client* client) -> Task<Result<std::string>> {
    Context context = co_await this_context();
    context.span = {.trace_id = *TraceId::from_hex("463ac35c9f6413ad48485a3953bb6124"),
                    .span_id = *SpanId::from_hex("a2fb4a1d1a96d312"),
                    .sampling = Sampling::kAccepted};
    context.forwarded =
        std::make_shared<const ForwardedHeaders>(ForwardedHeaders{.request_id = "request-1"});
    const auto response =
        co_await or_return(run_in(context, client->get("http://server/mirror/1")));
    co_return response.body;
  };
  const auto body = *f.host.run(script, &traced);
  EXPECT_THAT(body, HasSubstr("x-b3-traceid: 463ac35c9f6413ad48485a3953bb6124\n"));
  EXPECT_THAT(body, HasSubstr("x-b3-spanid: a2fb4a1d1a96d312\n"));
  EXPECT_THAT(body, HasSubstr("x-request-id: request-1\n"));
}

}  // namespace
}  // namespace hal::http
