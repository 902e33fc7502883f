#include <hal/transport/accept_loop.hpp>

#include <hal/service/testing/test_host.hpp>
#include <hal/transport/testing/raw_http.hpp>

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using service::testing::TestHost;
using transport::testing::read_all;

/// Sends back the first byte it reads, with how many connections were open; 't' throws.
class OneByte final : public ConnectionHandler {
 public:
  Task<> serve(std::unique_ptr<net::Stream> stream) override {
    ++open;
    open_max = std::max(open_max, open);
    std::array<char, 1> byte{};
    const auto bytes = co_await stream->read_some(byte);
    --open;
    if (!bytes || *bytes == 0) co_return;
    if (byte[0] == 't') throw std::runtime_error{"boom"};
    (void)co_await stream->write_all({byte.data(), 1});
    ++served;
  }
  int open = 0;
  int open_max = 0;
  int served = 0;
};

struct Server {
  explicit Server(AcceptOptions accept_options = {}) : options{accept_options} {
    auto made = host.network().listen(host.loop(), {}, {});
    listener = std::move(*made);
    host.background().spawn(&Server::serve, this);
  }
  ~Server() { host.shut_down(); }
  static Task<> serve(Server* self) {
    self->result = co_await serve_connections(*self->listener, self->handler, self->host.worker(),
                                              self->options);
    self->done = true;
  }
  Task<Result<std::unique_ptr<net::Stream>>> connect() {
    return host.network().connect({"127.0.0.1", listener->local().port});
  }

  TestHost host;
  AcceptOptions options;
  OneByte handler;
  std::unique_ptr<net::Listener> listener;
  Result<> result{};
  bool done = false;
};

Task<Result<std::string>> echo(Server* server, std::string byte) {
  auto stream = co_await or_return(server->connect());
  co_await or_return(co_await stream->write_all(byte));
  co_return co_await read_all(stream.get());
}

TEST(AcceptLoop, ServesConnectionsBesideEachOther) {
  Server server;
  const auto script = [](Server* self) -> Task<Result<std::string>> {
    const auto waiting = co_await or_return(self->connect());
    co_return co_await or_return(echo(self, "a")) + co_await or_return(echo(self, "b"));
  };
  EXPECT_EQ(server.host.run(script, &server), "ab");
  EXPECT_EQ(server.handler.open_max, 2);
}

TEST(AcceptLoop, AnExceptionEndsItsConnectionOnly) {
  Server server;
  EXPECT_EQ(server.host.run(echo, &server, std::string{"t"}), "");
  EXPECT_EQ(server.host.run(echo, &server, std::string{"a"}), "a");
  EXPECT_FALSE(server.done);
}

TEST(AcceptLoop, WaitsAtTheMaximum) {
  Server server{{.connections_max = 1}};
  const auto script = [](Server* self) -> Task<Result<std::string>> {
    const auto first = co_await or_return(self->connect());
    const auto second = co_await or_return(self->connect());
    co_await or_return(co_await second->write_all("2"));
    co_await or_return(co_await sleep(1s));
    EXPECT_EQ(self->handler.served, 0);
    co_await or_return(co_await first->write_all("1"));
    co_return co_await or_return(read_all(first.get())) +
        co_await or_return(read_all(second.get()));
  };
  EXPECT_EQ(server.host.run(script, &server), "12");
  EXPECT_EQ(server.handler.open_max, 1);
}

TEST(AcceptLoop, ADrainEmptiesTheQueueAndWaitsForConnections) {
  Server server{{.connections_max = 1}};
  const auto script = [](Server* self) -> Task<Result<std::string>> {
    const auto first = co_await or_return(self->connect());
    const auto queued = co_await or_return(self->connect());
    co_await or_return(co_await sleep(1s));
    self->host.drain().start();
    co_await or_return(co_await sleep(1s));
    EXPECT_FALSE(co_await self->connect()) << "the listener is closed";
    EXPECT_FALSE(self->done);
    co_await or_return(co_await first->write_all("1"));
    co_await or_return(co_await queued->write_all("2"));
    co_return co_await or_return(read_all(first.get())) +
        co_await or_return(read_all(queued.get()));
  };
  EXPECT_EQ(server.host.run(script, &server), "12");
  server.host.manual_loop().run_ready();
  EXPECT_TRUE(server.done);
  EXPECT_TRUE(server.result);
}

TEST(AcceptLoop, AStopEndsItsConnections) {
  Server server;
  const auto script = [](Server* self) -> Task<Result<std::string>> {
    const auto open = co_await or_return(self->connect());
    co_await or_return(co_await sleep(1s));
    self->host.background().cancel({Code::kCancelled, "enough"});
    co_return co_await read_all(open.get());
  };
  EXPECT_EQ(server.host.run(script, &server), "");
  server.host.shut_down();
  EXPECT_TRUE(server.done);
  EXPECT_EQ(server.result.error().to_string(), "CANCELLED: accepting connections: enough");
}

}  // namespace
}  // namespace hal::transport
