// serve_http1 on sockets of this machine: what memory streams cannot show.
#include <hal/net/testing/tcp_pair.hpp>
#include <hal/transport/http1_client.hpp>
#include <hal/transport/testing/http1_connection.hpp>

#include <gmock/gmock.h>

namespace hal::transport {
namespace {

using namespace transport::testing;  // NOLINT(google-build-using-namespace)
using ::testing::ElementsAre;

struct Pair {
  Pair() {
    auto ends = net::testing::make_tcp_pair(loop);
    client = std::move(ends.first);
    server = std::move(ends.second);
  }
  static Task<> serve(Pair* self) {
    co_await serve_http1(*self->server, self->handler, self->options, self->drain);
  }
  template <class F>
  static Task<Result<std::string>> beside(Scope& scope, Pair* self, F function) {
    scope.spawn(&Pair::serve, self);
    auto result = co_await function(self);
    if (self->client) self->client->close();
    co_return result;
  }
  template <class F>
  static Task<Result<std::string>> in_scope(Pair* self, F function) {
    co_return co_await with_scope(beside<F>, self, function);
  }
  template <class F>
  std::string run(F function) {
    auto result = block_on(loop, in_scope<F>, this, function);
    return result ? without_date(*result) : result.error().to_string();
  }

  net::IoLoop loop;
  Http1ServerOptions options;
  EchoHandler handler;
  service::Drain drain;
  std::unique_ptr<net::Stream> client;
  std::unique_ptr<net::Stream> server;
};

TEST(Http1ServerTcp, ManyPipelinedRequests) {
  Pair pair;
  std::string expected;
  for (int i = 0; i < 500; ++i) expected += ok("GET /yield ") + ok("GET /1 ");
  EXPECT_EQ(pair.run([](Pair* self) -> Task<Result<std::string>> {
    std::string requests;
    for (int i = 0; i < 500; ++i) requests += get("/yield") + get("/1");
    co_await or_return(co_await self->client->write_all(requests + get("/last", kClose)));
    co_return co_await read_all(self->client.get());
  }),
            expected + ok("GET /last ", kClose));
}

TEST(Http1ServerTcp, AClosingClientCancelsTheHandler) {
  Pair pair;
  pair.run([](Pair* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/1") + get("/sleep")));
    auto first = co_await read_until(self->client.get(), "GET /1 ");
    self->client->close();
    co_return first;
  });
  EXPECT_THAT(pair.handler.ends, ElementsAre("CANCELLED: the client has closed the connection"));
}

TEST(Http1ServerTcp, ALargeRefusedBodyDoesNotLoseTheAnswer) {
  Pair pair;
  pair.options.limits.body_bytes = 10;
  // Longer than anything holds this thread up: the client still has most of it to write.
  pair.options.linger_timeout = std::chrono::minutes{1};
  EXPECT_THAT(pair.run([](Pair* self) -> Task<Result<std::string>> {
    co_return co_await talk(
        self->client.get(),
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  }),
              ::testing::StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
}

TEST(Http1ServerTcp, AClientExchangesOneAfterAnother) {
  Pair pair;
  EXPECT_EQ(pair.run([](Pair* self) -> Task<Result<std::string>> {
    Http1Client client{std::move(self->client), {}};
    std::string all;
    for (const std::string target : {"/1", "/yield", "/big", "/2"}) {
      if (!co_await client.still_open()) co_return error(Code::kInternal, "closed at " + target);
      const HttpRequest request{.target = target, .headers = {{"host", "a"}}};
      const auto response = co_await or_return(client.exchange(request));
      all += std::to_string(response.body.size()) + " ";
    }
    co_return all;
  }),
            "7 11 300009 7 ");
}

}  // namespace
}  // namespace hal::transport
