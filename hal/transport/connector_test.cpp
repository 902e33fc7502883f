#include <hal/transport/connector.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/tls_pair.hpp>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using net::testing::shared_ca;
using net::testing::usual_tls;
using ::testing::HasSubstr;

enum class Speaks : std::uint8_t { kTls, kText, kNothing };

class ConnectorTest : public ::testing::Test {
 protected:
  ConnectorTest() {
    network_.add_host("server.example", {"127.0.0.1"});
    network_.add_host("other.example", {"127.0.0.1"});
  }
  ~ConnectorTest() override {
    background_.cancel({Code::kCancelled, "the test is over"});
    loop_.run_until([this] { return background_.active() == 0; });
  }

  void serve(Speaks what) {
    listener_ = std::move(*network_.listen(loop_, {"", 443}, {}));
    background_.spawn(accept, this, what);
  }
  static Task<> accept(ConnectorTest* self, Speaks what) {
    const auto server = *net::TlsServer::make(self->server_);
    while (auto stream = co_await self->listener_->accept()) {
      if (what == Speaks::kTls) {
        auto secured = co_await server.accept(std::move(*stream));
        if (secured) self->alpn_ = (*secured)->alpn();
        if (secured) self->accepted_.push_back(std::move(*secured));
      } else {
        if (what == Speaks::kText) (void)co_await (*stream)->write_all("220 mail\r\n");
        self->accepted_.push_back(std::move(*stream));
      }
    }
  }
  std::string connect(Origin origin, ConnectorOptions options) {
    Connector connector{network_, std::move(options)};
    const auto run = [](Connector* to, Origin at) -> Task<Result<std::unique_ptr<net::Stream>>> {
      co_return co_await to->connect(std::move(at));
    };
    const auto stream = block_on(loop_, run, &connector, std::move(origin));
    loop_.run_ready();  // the server's last step
    if (!stream) return stream.error().to_string();
    return dynamic_cast<net::TlsStream*>(stream->get()) != nullptr ? "TLS" : "plain";
  }
  static ConnectorOptions trusting() { return {.tls = usual_tls().client}; }
  static Origin https(std::string host = "server.example") {
    return {{std::move(host), 443}, true};
  }

  hal::testing::ManualLoop loop_;
  net::testing::MemoryNetwork network_;
  net::TlsServerOptions server_ = usual_tls().server;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<net::Stream>> accepted_;
  std::string alpn_;
  Scope background_{Context{.loop = &loop_}};
};

TEST_F(ConnectorTest, AnOriginOfHttpIsAPlainConnection) {
  serve(Speaks::kNothing);
  EXPECT_EQ(connect(net::Endpoint{"server.example", 443}, trusting()), "plain");
}

TEST_F(ConnectorTest, AnOriginOfHttpsIsVerified) {
  server_.alpn = {"h2", "http/1.1"};
  serve(Speaks::kTls);
  EXPECT_EQ(connect(https(), trusting()), "TLS");
  EXPECT_EQ(alpn_, "http/1.1");
  EXPECT_EQ(connect(https("127.0.0.1"), trusting()), "TLS");
  EXPECT_THAT(connect(https("other.example"), trusting()),
              HasSubstr("UNAVAILABLE: 127.0.0.1:443 (other.example): TLS: hostname mismatch"));
  EXPECT_THAT(connect(https(), {}), HasSubstr("TLS: unable to get local issuer certificate"));
}

TEST_F(ConnectorTest, HttpsIsNeverSpokenWithoutTls) {
  serve(Speaks::kText);
  EXPECT_THAT(connect(https(), trusting()), HasSubstr("does not seem to speak TLS"));
}

TEST_F(ConnectorTest, EachPhaseHasItsTimeout) {
  serve(Speaks::kNothing);
  const TimePoint start = loop_.now();
  auto options = trusting();
  options.handshake_timeout = 3s;
  EXPECT_THAT(connect(https(), options),
              HasSubstr("UNAVAILABLE: TLS handshake with server.example:443: no answer in time"));
  EXPECT_EQ(loop_.now(), start + 3s);
  network_.hang(443);
  EXPECT_THAT(connect(https(), options),
              HasSubstr("UNAVAILABLE: connecting to server.example:443: no answer in time"));
  EXPECT_EQ(loop_.now(), start + 8s);
}

TEST_F(ConnectorTest, TheCallersDeadlineStaysADeadline) {
  serve(Speaks::kNothing);
  const auto within_2s = [this](Origin origin) {
    Connector connector{network_, trusting()};
    const auto run = [](Connector* to, Origin at) -> Task<Result<std::unique_ptr<net::Stream>>> {
      co_return co_await timeout(2s, to->connect(std::move(at)));
    };
    return block_on(loop_, run, &connector, std::move(origin)).error().to_string();
  };
  const TimePoint start = loop_.now();
  EXPECT_THAT(within_2s(https()),
              HasSubstr("DEADLINE_EXCEEDED: TLS handshake with server.example:443: "));
  network_.hang(443);
  EXPECT_THAT(within_2s(https()),
              HasSubstr("DEADLINE_EXCEEDED: connecting to server.example:443: "));
  EXPECT_EQ(loop_.now(), start + 4s);
}

TEST_F(ConnectorTest, WrongOptionsStopHttpsOnly) {
  serve(Speaks::kNothing);
  EXPECT_EQ(connect(https(), {.tls = {.ca_pem = "nothing"}}),
            "INVALID_ARGUMENT: TLS: ca_pem: there is no certificate in it");
  EXPECT_EQ(connect(net::Endpoint{"server.example", 443}, {.tls = {.ca_pem = "nothing"}}), "plain");
  EXPECT_EQ(network_.connects(), 1U);
}

}  // namespace
}  // namespace hal::transport
