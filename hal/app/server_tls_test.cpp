#include <hal/app/server_tls.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/when_all.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/net/testing/tls_pair.hpp>

namespace hal::app {
namespace {

using ::testing::HasSubstr;

class ServerTlsTest : public ::testing::Test {
 protected:
  ServerTlsTest() {
    write(net::testing::usual_tls().server.identity);
    folder.write("ca.pem", net::testing::shared_ca().pem());
    folder.write("nonsense.pem", "nonsense");
  }
  void write(const net::TlsIdentity& identity) {
    folder.write("certificate.pem", identity.certificates_pem);
    folder.write("key.pem", identity.key_pem);
  }
  AppOptions options(std::string certificate, std::string key, std::string client_ca = "") {
    AppOptions made;
    const auto path = [this](std::string_view name) {
      return name.empty() ? std::string{} : folder.path(name);
    };
    made.tls_certificate = path(certificate);
    made.tls_key = path(key);
    made.tls_client_ca = path(client_ca);
    return made;
  }

  discovery::testing::TemporaryFolder folder;
  ServerTls tls;
};

TEST_F(ServerTlsTest, WithoutFilesServersArePlain) {
  EXPECT_EQ(tls.load({}), Result<>{});
  EXPECT_FALSE(tls.server(service::Protocol::kHttp));
}

Task<Result<std::string>> agreed(const net::TlsServer* server, net::testing::StreamPair streams) {
  auto options = net::testing::usual_tls().client;
  options.alpn = {"h2", "http/1.1"};
  const auto client = co_await or_return(net::TlsClient::make(options));
  auto [near, far] =
      co_await or_return(when_all(client.connect(std::move(streams.first), "server.example"),
                                  server->accept(std::move(streams.second))));
  co_return near->alpn();
}

TEST_F(ServerTlsTest, EachProtocolAgreesOnItsOwn) {
  ASSERT_EQ(tls.load(options("certificate.pem", "key.pem")), Result<>{});
  for (const auto& [protocol, name] : {std::pair{service::Protocol::kHttp, "http/1.1"},
                                       std::pair{service::Protocol::kGrpc, "h2"}}) {
    const auto server = tls.server(protocol);
    ASSERT_TRUE(server);
    hal::testing::ManualLoop loop;
    EXPECT_EQ(block_on(loop, agreed, &*server, net::testing::make_stream_pair(loop, {})), name);
  }
}

TEST_F(ServerTlsTest, WhatIsWrongNamesVariableAndFile) {
  const auto other = net::testing::shared_ca().issue({.names = {"DNS:other.example"}});
  folder.write("other-key.pem", other.key_pem);
  const struct {
    AppOptions options;
    std::string begin;
    std::string reason;
  } cases[] = {
      {options("certificate.pem", ""), "HAL_TLS_KEY=''", "are set together"},
      {options("", "key.pem"), "HAL_TLS_CERTIFICATE=''", "are set together"},
      {options("", "", "ca.pem"), "HAL_TLS_CERTIFICATE=''", "are set together"},
      {options("away.pem", "key.pem"), "HAL_TLS_CERTIFICATE='" + folder.path("away.pem") + "'",
       "No such file or directory"},
      {options("certificate.pem", "nonsense.pem"),
       "HAL_TLS_KEY='" + folder.path("nonsense.pem") + "'", "it is no PEM file"},
      {options("certificate.pem", "key.pem", "nonsense.pem"),
       "HAL_TLS_CLIENT_CA='" + folder.path("nonsense.pem") + "'", "it is no PEM file"},
      {options("certificate.pem", "other-key.pem"), "HAL_TLS_CERTIFICATE='", "key values mismatch"},
      {options("certificate.pem", "key.pem", "key.pem"), "HAL_TLS_CERTIFICATE='",
       "client_ca_pem: there is no certificate in it"},
  };
  for (const auto& [wrong, begin, reason] : cases) {
    const auto loaded = tls.load(wrong);
    ASSERT_FALSE(loaded) << reason;
    EXPECT_EQ(loaded.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(loaded.error().message(), ::testing::StartsWith(begin));
    EXPECT_THAT(loaded.error().message(), HasSubstr(reason));
    EXPECT_FALSE(tls.server(service::Protocol::kHttp));
  }
}

TEST_F(ServerTlsTest, ARenewalThatIsWrongChangesNothing) {
  const auto files = options("certificate.pem", "key.pem");
  ASSERT_EQ(tls.load(files), Result<>{});
  folder.write("key.pem", "nonsense");
  EXPECT_FALSE(tls.load(files));
  EXPECT_TRUE(tls.server(service::Protocol::kGrpc));
}

}  // namespace
}  // namespace hal::app
