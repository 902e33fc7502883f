// A client and an https server.
#include <hal/http/client.hpp>
#include <hal/http/dispatcher.hpp>
#include <hal/http/server.hpp>

#include <hal/net/testing/tls_pair.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/transport/accept_loop.hpp>
#include <hal/transport/http1_server.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Answers with the host it was asked for, encrypted on 443 and plainly on 80.
class SecureServer final : public transport::ConnectionHandler, private transport::Http1Handler {
 public:
  explicit SecureServer(service::testing::TestHost& host) : host_{host} {
    for (const auto port : {std::uint16_t{443}, std::uint16_t{80}}) {
      listeners_.push_back(std::move(*host.network().listen(host.loop(), {"", port}, {})));
      host.background().spawn(&SecureServer::accept, this, listeners_.back().get());
    }
  }

 private:
  static Task<> accept(SecureServer* self, net::Listener* listener) {
    (void)co_await serve_connections(*listener, *self, self->host_.worker());
  }
  Task<> serve(std::unique_ptr<net::Stream> stream) override {
    const transport::Http1ServerOptions options;
    if (stream->local().port == 443) {
      auto secured = co_await tls_.accept(std::move(stream));
      if (!secured) co_return;
      stream = std::move(*secured);
    }
    co_await serve_http1(*stream, *this, options, host_.drain());
  }
  Task<> handle(transport::HttpRequest& request, transport::HttpResponse& response) override {
    response.body = fmt::format("{} {}", request.headers.get("host").value_or(""), request.body);
    co_return;
  }
  void refuse(int, std::string_view, transport::HttpResponse&) override {}

  service::testing::TestHost& host_;
  const net::TlsServer tls_ = *net::TlsServer::make(net::testing::usual_tls().server);
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

struct Fixture {
  explicit Fixture(ClientOptions options = {.tls = net::testing::usual_tls().client}) {
    for (const char* name : {"server.example", "other.example"}) {
      host.memory().add_host(name, {"127.0.0.1"});
    }
    server.emplace(host);
    client.emplace(host, std::move(options));
  }
  ~Fixture() { host.shut_down(); }
  static Task<Result<Response>> send(Fixture* self, ClientRequest request) {
    co_return co_await self->client->request(std::move(request));
  }
  std::string get(std::string url, std::string body = "") {
    const auto response = host.run(&Fixture::send, this,
                                   ClientRequest{.url = std::move(url), .body = std::move(body)});
    return response ? response->body : response.error().to_string();
  }

  service::testing::TestHost host;
  std::optional<SecureServer> server;
  std::optional<Client> client;
};

TEST(Https, AVerifiedServerAnswers) {
  Fixture f;
  EXPECT_EQ(f.get("https://server.example/"), "server.example ");
  EXPECT_EQ(f.get("https://server.example:443/"), "server.example:443 ");
  EXPECT_EQ(f.host.memory().connects(), 1U) << "the connection is used again";
  EXPECT_EQ(f.get("https://127.0.0.1/"), "127.0.0.1 ");
}

TEST(Https, ALargeBodyGoesBothWays) {
  Fixture f;
  const std::string body(1'000'000, 'b');
  EXPECT_TRUE(f.get("https://server.example/", body) == "server.example " + body);
}

TEST(Https, ConnectionsOfTheTwoSchemesAreNotMixed) {
  Fixture f;
  EXPECT_EQ(f.get("https://server.example/"), "server.example ");
  EXPECT_THAT(f.get("http://server.example:443/"), HasSubstr("UNAVAILABLE"))
      << "an idle encrypted connection is none for http";
  EXPECT_EQ(f.get("http://server.example/"), "server.example ");
  EXPECT_THAT(f.get("https://server.example:80/"), HasSubstr("TLS: ")) << "nor the other way round";
}

/// A Server on port 8443 of the fixture's host.
class OwnServer {
 public:
  OwnServer(Fixture& fixture, net::TlsServerOptions tls) {
    fixture.host.listen_on = {"", 8443};
    fixture.host.background().spawn(serve, &fixture.host, std::move(tls), &ended);
    fixture.host.manual_loop().run_ready();
  }
  Result<> ended{};

 private:
  static Task<> serve(service::testing::TestHost* host, net::TlsServerOptions tls,
                      Result<>* ended) {
    auto router = Router{}.get("/", [](const Request&) { return std::string{"secure"}; });
    *ended = co_await Server{*host, std::move(router), {.tls = std::move(tls)}}.run();
  }
};

TEST(Https, AServerSpeaksItByItsOptions) {
  Fixture f;
  const OwnServer own{f, net::testing::usual_tls().server};
  EXPECT_EQ(f.get("https://server.example:8443/"), "secure");
  EXPECT_THAT(f.get("http://server.example:8443/"), StartsWith("UNAVAILABLE: "));
  f.host.shut_down();
}

TEST(Https, AServerThatAsksForACertificateAnswersItsClientsOnly) {
  auto known = net::testing::usual_tls().client;
  known.identity = net::testing::shared_ca().issue({.names = {"DNS:client.example"}});
  auto tls = net::testing::usual_tls().server;
  tls.client_ca_pem = net::testing::shared_ca().pem();
  for (const bool with_certificate : {false, true}) {
    Fixture f{{.tls = with_certificate ? known : net::testing::usual_tls().client}};
    const OwnServer own{f, tls};
    const auto answer = f.get("https://server.example:8443/");
    EXPECT_EQ(answer == "secure", with_certificate) << answer;
    f.host.shut_down();
  }
}

TEST(Https, AServerWithoutACertificateSaysSo) {
  Fixture f;
  const OwnServer own{f, {}};
  ASSERT_FALSE(own.ended);
  EXPECT_EQ(own.ended.error().code(), Code::kInvalidArgument);
  EXPECT_THAT(own.ended.error().message(), HasSubstr("certificates_pem"));
}

TEST(Https, AConnectionThatDoesNotShakeHandsGoes) {
  Fixture f;
  const OwnServer own{f, net::testing::usual_tls().server};
  const auto script = [](Fixture* self) -> Task<Result<Duration>> {
    auto stream = co_await or_return(self->host.network().connect({"127.0.0.1", 8443}));
    const TimePoint begin = self->host.loop().now();
    std::array<char, 16> buffer;
    (void)co_await stream->read_some(buffer);
    co_return self->host.loop().now() - begin;
  };
  EXPECT_EQ(f.host.run(script, &f), std::chrono::seconds{10});
  f.host.shut_down();
}

TEST(Https, AServerThatIsNotVerifiedGetsNoRequest) {
  Fixture f;
  EXPECT_THAT(f.get("https://other.example/"),
              StartsWith("UNAVAILABLE: GET https://other.example/: 127.0.0.1:443 (other.example): "
                         "TLS: hostname mismatch: the certificate is for DNS:server.example"));
  Fixture system{{}};
  EXPECT_THAT(system.get("https://server.example/"), HasSubstr("unable to get local issuer"));
}

TEST(Https, WrongOptionsAreAnErrorOfEachRequest) {
  Fixture f{{.tls = {.ca_pem = ""}}};
  EXPECT_EQ(
      f.get("https://server.example/"),
      "INVALID_ARGUMENT: GET https://server.example/: TLS: ca_pem: there is no certificate in "
      "it");
  EXPECT_EQ(f.get("http://server.example/"), "server.example ");
}

}  // namespace
}  // namespace hal::http
