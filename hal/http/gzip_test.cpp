// gzip between a client and a server.
#include <hal/http/client.hpp>
#include <hal/http/server.hpp>

#include <hal/service/testing/test_host.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using ::testing::HasSubstr;
using wire::gzip;

Response mirror(const Request& request) {
  return {.headers = {{"x-coding", request.headers.get("content-encoding").value_or("none")},
                      {"x-accept", request.headers.get("accept-encoding").value_or("none")}},
          .body = request.body};
}
Response packed(const Request& request) {
  if (request.headers.get("accept-encoding") != "gzip") return {.body = "plain"};
  return {.headers = {{"content-encoding", "gzip"}}, .body = gzip("packed")};
}
Response big() {
  return {.headers = {{"content-encoding", "gzip"}}, .body = gzip(std::string(5000, 'x'))};
}
Response broken() { return {.headers = {{"content-encoding", "gzip"}}, .body = "nonsense"}; }

struct Fixture {
  explicit Fixture(ServerOptions server = {}, ClientOptions options = {}) {
    host.listen_on = {"", 80};
    host.memory().add_host("server", {"127.0.0.1"});
    client.emplace(host, options);
    host.background().spawn(&Fixture::serve, this, server);
    EXPECT_TRUE(host.run(&Fixture::listening, this));
  }
  ~Fixture() { host.shut_down(); }
  static Task<Result<net::Endpoint>> listening(Fixture* self) {
    return self->host.wait_listening();
  }
  static Task<> serve(Fixture* self, ServerOptions options) {
    auto router = Router{}
                      .post("/mirror", mirror)
                      .get("/mirror", mirror)
                      .get("/packed", packed)
                      .get("/big", big)
                      .get("/broken", broken);
    (void)co_await Server{self->host, std::move(router), options}.run();
  }
  static Task<Result<Response>> send(Fixture* self, ClientRequest request) {
    co_return co_await self->client->request(std::move(request));
  }
  Result<Response> post(std::string body, std::string_view language = "en") {
    return host.run(
        &Fixture::send, this,
        ClientRequest{.method = "POST",
                      .url = "http://server/mirror",
                      .headers = {{"content-encoding", "gzip"}, {"accept-language", language}},
                      .body = std::move(body)});
  }
  Result<Response> get(std::string path, Headers headers = {}) {
    return host.run(&Fixture::send, this,
                    ClientRequest{.url = "http://server" + path, .headers = std::move(headers)});
  }

  service::testing::TestHost host;
  std::optional<Client> client;
};

TEST(HttpGzip, ARequestIsDecodedByTheServersOption) {
  Fixture f{{.gunzip = wire::GunzipLimits{.output_bytes_max = 100}}};
  const auto decoded = f.post(gzip("hello"));
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ(decoded->body, "hello");
  EXPECT_EQ(decoded->headers.get("x-coding"), "none");
  EXPECT_EQ(f.post("nonsense")->status, 400);
  EXPECT_THAT(f.post("nonsense")->body, HasSubstr("incorrect header check at byte 2"));
  EXPECT_EQ(f.post(gzip(std::string(101, 'x')))->status, 413);
  const auto chinese = f.post("nonsense", "zh");
  EXPECT_THAT(chinese->body, HasSubstr("请求发生错误"));
  EXPECT_EQ(chinese->headers.get("vary"), "accept-language");
  EXPECT_EQ(f.post(gzip("again"))->body, "again") << "the connection goes on";
}

TEST(HttpGzip, WithoutTheOptionARequestComesAsItIs) {
  Fixture f;
  const auto raw = f.post(gzip("hello"));
  ASSERT_TRUE(raw) << raw.error().to_string();
  EXPECT_EQ(raw->body, gzip("hello"));
  EXPECT_EQ(raw->headers.get("x-coding"), "gzip");
}

TEST(HttpGzip, AClientOffersItAndDecodes) {
  Fixture f;
  const auto response = f.get("/packed");
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body, "packed");
  EXPECT_FALSE(response->headers.contains("content-encoding"));
  EXPECT_EQ(f.get("/mirror")->headers.get("x-accept"), "gzip");
}

TEST(HttpGzip, WhoeverSaysWhatToAcceptDecodes) {
  Fixture f;
  const auto own = f.get("/packed", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(own->body, gzip("packed"));
  EXPECT_EQ(own->headers.get("content-encoding"), "gzip");
  EXPECT_EQ(f.get("/packed", {{"accept-encoding", "identity"}})->body, "plain");
}

TEST(HttpGzip, TheOptionTurnsItOff) {
  Fixture f{{}, {.gzip = false}};
  EXPECT_EQ(f.get("/packed")->body, "plain");
  EXPECT_EQ(f.get("/mirror")->headers.get("x-accept"), "none");
}

TEST(HttpGzip, AResponseIsBoundedAsABodyIs) {
  Fixture f{{}, {.pool = {.limits = {.body_bytes = 1000}}}};
  EXPECT_EQ(f.get("/big").error().to_string(),
            "INTERNAL: GET http://server/big: the response: gzip: the content is longer than the "
            "limit of 1000 bytes");
  EXPECT_THAT(f.get("/broken").error().to_string(), HasSubstr("incorrect header check"));
}

}  // namespace
}  // namespace hal::http
