#include <hal/transport/http1_pool.hpp>

#include <hal/async/when_all.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/transport/accept_loop.hpp>
#include <hal/transport/http1_server.hpp>

#include <gmock/gmock.h>

#include <fmt/format.h>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Says the number of the connection and of the request on it. "/wait" takes an hour.
class Counting final : public Http1Handler {
 public:
  explicit Counting(int connection) : connection_{connection} {}
  Task<> handle(HttpRequest& request, HttpResponse& response) override {
    if (request.target == "/wait") (void)co_await sleep(1h);
    response.body = fmt::format("{}.{}", connection_, ++requests_);
  }
  void refuse(int, std::string_view message, HttpResponse& response) override {
    response.body = message;
  }

 private:
  int connection_;
  int requests_ = 0;
};

struct Fixture : private ConnectionHandler {
  explicit Fixture(Http1ServerOptions server_options = {}, Http1PoolOptions pool_options = {})
      : options{std::move(server_options)}, pool{std::in_place, host.network(), 1, pool_options} {
    listener = std::move(*host.network().listen(host.loop(), {"", 80}, {}));
    host.background().spawn(&Fixture::accept, this);
  }
  virtual ~Fixture() { host.shut_down(); }
  static Task<> accept(Fixture* self) {
    (void)co_await serve_connections(*self->listener, *self, self->host.worker());
  }
  Task<> serve(std::unique_ptr<net::Stream> stream) override {
    Counting handler{++connections};
    ++open;
    co_await serve_http1(*stream, handler, options, host.drain());
    --open;
  }
  static Task<Result<std::string>> exchange(Fixture* self, std::string method, std::string target) {
    const HttpRequest request{
        .method = std::move(method), .target = std::move(target), .headers = {{"host", "a"}}};
    auto response = co_await or_return(self->pool->exchange(self->server, request));
    co_return response.body;
  }
  std::string get(std::string target = "/") { return send("GET", std::move(target)); }
  std::string send(std::string method, std::string target = "/") {
    auto body = host.run(&Fixture::exchange, this, std::move(method), std::move(target));
    return body ? *body : body.error().to_string();
  }
  std::size_t idle() {
    const auto count = [](Fixture* self) -> Task<Result<std::size_t>> {
      co_return self->pool->idle_connections();
    };
    return *host.run(count, this);
  }

  service::testing::TestHost host;
  net::Endpoint server{"127.0.0.1", 80};
  Http1ServerOptions options;
  std::optional<Http1Pool> pool;
  std::unique_ptr<net::Listener> listener;
  int connections = 0;
  int open = 0;
};

TEST(Http1Pool, ReusesAConnection) {
  Fixture f;
  EXPECT_EQ(f.get(), "1.1");
  EXPECT_EQ(f.idle(), 1U);
  EXPECT_EQ(f.get(), "1.2");
  EXPECT_EQ(f.send("POST"), "1.3");
}

TEST(Http1Pool, RequestsBesideEachOtherHaveTheirOwn) {
  Fixture f;
  const auto both = [](Fixture* self) -> Task<Result<std::string>> {
    auto [a, b] = co_await or_return(
        when_all(Fixture::exchange(self, "GET", "/"), Fixture::exchange(self, "GET", "/")));
    co_return a + " " + b;
  };
  EXPECT_EQ(*f.host.run(both, &f), "1.1 2.1");
  EXPECT_EQ(f.idle(), 2U);
}

TEST(Http1Pool, OtherServersHaveOtherConnections) {
  Fixture f;
  EXPECT_EQ(f.get(), "1.1");
  f.server.host = "localhost";
  EXPECT_EQ(f.get(), "2.1");
}

TEST(Http1Pool, AConnectionThatMustCloseIsNotKept) {
  Fixture f{{.requests_max = 1}};
  EXPECT_EQ(f.get(), "1.1");
  EXPECT_EQ(f.idle(), 0U);
  EXPECT_EQ(f.get(), "2.1");
}

TEST(Http1Pool, IdleConnectionsExpire) {
  Fixture f;
  EXPECT_EQ(f.get(), "1.1");
  f.host.manual_loop().advance(31s);
  EXPECT_EQ(f.get(), "2.1");
  EXPECT_EQ(f.idle(), 1U);
}

TEST(Http1Pool, IdleConnectionsCloseWithoutAnotherRequest) {
  Fixture f;
  EXPECT_EQ(f.get(), "1.1");
  f.host.manual_loop().advance(29s);
  EXPECT_EQ(f.idle(), 1U);
  EXPECT_EQ(f.open, 1);
  f.host.manual_loop().advance(1s);
  EXPECT_EQ(f.idle(), 0U);
  EXPECT_EQ(f.open, 0);
  EXPECT_EQ(f.get(), "2.1");
  f.host.manual_loop().advance(1h);
  EXPECT_EQ(f.open, 0) << "looked at again";
}

TEST(Http1Pool, WhatTheServerHasClosedIsClosedWithoutAnotherRequest) {
  Fixture f{{.idle_timeout = 5s}};
  const auto both = [](Fixture* self) -> Task<Result<std::string>> {
    auto [a, b] = co_await or_return(
        when_all(Fixture::exchange(self, "GET", "/"), Fixture::exchange(self, "GET", "/")));
    co_return a + b;
  };
  ASSERT_TRUE(f.host.run(both, &f));
  f.host.manual_loop().advance(4s);
  EXPECT_EQ(f.idle(), 2U);
  EXPECT_EQ(f.get(), "2.2") << "looking at them takes none away";
  f.host.manual_loop().advance(3s);
  EXPECT_EQ(f.idle(), 1U);
  f.host.manual_loop().advance(3s);
  EXPECT_EQ(f.idle(), 0U);
}

TEST(Http1Pool, MayGoBeforeItsIdleConnectionsAreLookedAt) {
  Fixture f;
  EXPECT_EQ(f.get(), "1.1");
  f.pool.reset();
  f.host.manual_loop().run_ready();
  EXPECT_EQ(f.open, 0);
  f.host.manual_loop().advance(2s);
}

TEST(Http1Pool, IdleConnectionsAreBounded) {
  Fixture f{{}, {.idle_max = 1}};
  f.get();
  f.server.host = "localhost";
  f.get();
  EXPECT_EQ(f.idle(), 1U);
  EXPECT_EQ(f.get(), "2.2") << "the one that was used last is kept";
}

TEST(Http1Pool, AStaleConnectionIsReplacedForEveryMethod) {
  for (const std::string method : {"GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"}) {
    Fixture f{{.idle_timeout = 5s}};
    EXPECT_EQ(f.get(), "1.1");
    f.host.manual_loop().advance(10s);
    EXPECT_EQ(f.send(method), method == "HEAD" ? "" : "2.1") << method;
    EXPECT_EQ(f.connections, 2);
  }
}

TEST(Http1Pool, ANewConnectionThatFailsIsNotRepeated) {
  Fixture f;
  f.host.memory().refuse(80);
  EXPECT_THAT(f.get(), HasSubstr("UNAVAILABLE"));
  EXPECT_EQ(f.host.memory().connects(), 0U);
}

TEST(Http1Pool, TimeoutsNameThePhase) {
  Fixture f;
  EXPECT_EQ(f.get("/wait"),
            "DEADLINE_EXCEEDED: waiting for the answer of 127.0.0.1:80: deadline exceeded");
  EXPECT_EQ(f.idle(), 0U) << "a cancelled exchange closes its connection";
  f.host.memory().hang(80);
  EXPECT_EQ(f.get(), "UNAVAILABLE: connecting to 127.0.0.1:80: no answer in time");
}

TEST(Http1Pool, RequestsUnderWayAreBounded) {
  Fixture f{{}, {.active_max = 1}};
  const auto both = [](Fixture* self) -> Task<Result<std::string>> {
    auto [a, b] = co_await or_return(
        when_all(Fixture::exchange(self, "GET", "/"), Fixture::exchange(self, "GET", "/")));
    co_return a + " " + b;
  };
  EXPECT_EQ(f.host.run(both, &f).error().to_string(),
            "RESOURCE_EXHAUSTED: too many HTTP requests are under way");
  EXPECT_EQ(f.get(), "2.1");
}

}  // namespace
}  // namespace hal::transport
