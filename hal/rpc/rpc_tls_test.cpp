// Calls over TLS: who is trusted, and what callers are told otherwise.
#include <hal/net/testing/tls_pair.hpp>
#include <hal/rpc/testing/echo_service.hpp>

namespace hal::rpc {
namespace {

using net::testing::shared_ca;
using net::testing::usual_tls;
using testing::EchoClient;
using testing::Reply;

Task<Result<Reply>> say(const EchoClient* client) {
  co_return co_await client->say(testing::request("hello"));
}

class RpcTlsTest : public testing::EchoTest {
 protected:
  ~RpcTlsTest() override { host.shut_down(); }

  void start(std::optional<net::TlsServerOptions> tls) { start_server({.tls = std::move(tls)}); }
  /// The answer's text, or the error.
  std::string call(ChannelOptions options) {
    const auto greeter = client(options);
    const auto reply = host.run(say, &greeter);
    return reply ? reply->text() : reply.error().to_string();
  }
  static ChannelOptions trusting(std::string name = "server.example") {
    return {.tls = usual_tls().client, .tls_name = std::move(name)};
  }
};

TEST_F(RpcTlsTest, AVerifiedServerAnswers) {
  start(usual_tls().server);
  EXPECT_EQ(call(trusting()), "hello");
  EXPECT_EQ(call(trusting("127.0.0.1")), "hello");
  EXPECT_EQ(echo.calls, 2);
}

TEST_F(RpcTlsTest, WhoIsNotTrustedGetsNoCall) {
  start(usual_tls().server);
  EXPECT_EQ(call(trusting("")),
            "UNAVAILABLE: cannot reach 'echo': 127.0.0.1:40000 (echo): TLS: hostname mismatch: the "
            "certificate is for DNS:server.example, IP:127.0.0.1")
      << "the service's name is what it has to be for";
  const net::testing::TestCa other;
  EXPECT_NE(call({.tls = net::TlsClientOptions{.ca_pem = other.pem()}}).find("UNAVAILABLE"),
            std::string::npos);
  EXPECT_EQ(echo.calls, 0);
}

TEST_F(RpcTlsTest, ThePortOfAServiceIsNoPartOfWhoItIs) {
  start(usual_tls().server);
  for (const char* name : {"server.example:9000", "k8s://devel/server.example:grpc"}) {
    host.registry().put(name, "127.0.0.1:40000");
    const EchoClient greeter{Channel{host, name, trusting("")}};
    const auto reply = host.run(say, &greeter);
    EXPECT_EQ(reply ? reply->text() : reply.error().to_string(), "hello") << name;
  }
}

TEST_F(RpcTlsTest, AServerMayAskForACertificate) {
  auto tls = usual_tls().server;
  tls.client_ca_pem = shared_ca().pem();
  start(tls);
  EXPECT_NE(call(trusting()).find("UNAVAILABLE"), std::string::npos);
  EXPECT_EQ(echo.calls, 0);
  auto known = trusting();
  known.tls->identity = shared_ca().issue({.names = {"URI:spiffe://test/client"}});
  EXPECT_EQ(call(known), "hello");
}

TEST_F(RpcTlsTest, PlainAndEncryptedDoNotMeet) {
  start(usual_tls().server);
  EXPECT_NE(call({}).find("UNAVAILABLE"), std::string::npos);
  host.shut_down();
}

TEST_F(RpcTlsTest, APlainServerIsNoneForTls) {
  start(std::nullopt);
  EXPECT_NE(call(trusting()).find("UNAVAILABLE: cannot reach 'echo': "), std::string::npos);
  EXPECT_EQ(call({}), "hello");
}

TEST_F(RpcTlsTest, WrongOptionsAreToldByEachSide) {
  start(net::TlsServerOptions{});
  EXPECT_EQ(server_ended.code(), Code::kInvalidArgument);
  EXPECT_NE(server_ended.message().find("certificates_pem"), std::string::npos);
  EXPECT_EQ(call({.tls = net::TlsClientOptions{.ca_pem = ""}}),
            "INVALID_ARGUMENT: echo: TLS: ca_pem: there is no certificate in it");
}

}  // namespace
}  // namespace hal::rpc
