// Timeouts, clients that go away, and drains of serve_http1.
#include <hal/transport/http1_server.hpp>

#include <hal/async/deadline.hpp>
#include <hal/transport/testing/http1_connection.hpp>

#include <gmock/gmock.h>

namespace hal::transport {
namespace {

using namespace transport::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::StartsWith;

Task<Result<>> write(net::Stream* stream, const std::string* bytes) {
  co_return co_await stream->write_all(*bytes);
}

/// How long the server went on, by the loop's clock.
Duration lasted(const Connection& connection, TimePoint begin) {
  return connection.served_until - begin;
}

TEST(Http1ServerTime, ASlowHeadIsA408) {
  Connection c{{.linger_timeout = 1s}};
  const TimePoint begin = c.loop.now();
  EXPECT_EQ(c.talk("GET / HT"),
            refused("408 Request Timeout", "refused 408: the head of the request came too slowly"));
  EXPECT_EQ(lasted(c, begin), 10s) << "the client closes at once, so the server need not linger";
}

TEST(Http1ServerTime, MoreBytesDoNotProlongTheTimeForAHead) {
  Connection c;
  const TimePoint begin = c.loop.now();
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    for (const char byte : std::string{"GET / HTTP/1.1"}) {
      co_await or_return(co_await sleep(1s));
      if (!co_await stream->write_all({&byte, 1})) break;
    }
    co_return co_await read_all(stream);
  };
  EXPECT_THAT(c.run(script, c.client.get()), StartsWith("HTTP/1.1 408 "));
  EXPECT_LE(lasted(c, begin), 15s);
}

TEST(Http1ServerTime, ASlowBodyIsA408) {
  Connection c;
  const TimePoint begin = c.loop.now();
  EXPECT_EQ(c.talk("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"),
            refused("408 Request Timeout", "refused 408: the body of the request came too slowly"));
  EXPECT_EQ(lasted(c, begin), 30s);
}

TEST(Http1ServerTime, AnIdleConnectionIsClosedSilently) {
  Connection used;
  TimePoint begin = used.loop.now();
  EXPECT_EQ(used.talk(get("/1")), ok("GET /1 "));
  EXPECT_EQ(lasted(used, begin), 60s);
  Connection unused;
  begin = unused.loop.now();
  EXPECT_EQ(unused.talk(""), "");
  EXPECT_EQ(lasted(unused, begin), 60s);
}

TEST(Http1ServerTime, AClientThatReadsNothingIsCut) {
  Connection c{{}, {.buffered_bytes_max = 1000}};
  const TimePoint begin = c.loop.now();
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/big")));
    co_await or_return(co_await sleep(40s));
    co_return std::string{};
  };
  c.run(script, c.client.get());
  EXPECT_EQ(lasted(c, begin), 30s);
}

TEST(Http1ServerTime, AClosingClientCancelsTheHandler) {
  Connection c;
  const TimePoint begin = c.loop.now();
  EXPECT_EQ(c.talk_and_close(get("/sleep")), ok("GET /sleep ", kClose))
      << "a client that only stops sending still gets an answer";
  EXPECT_THAT(c.handler.ends, ElementsAre("CANCELLED: the client has closed the connection"));
  EXPECT_EQ(lasted(c, begin), 0s);
}

TEST(Http1ServerTime, AResetCancelsTheHandler) {
  Connection c;
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/sleep")));
    co_await or_return(co_await sleep(5s));
    stream->abort();
    co_return std::string{};
  };
  const TimePoint begin = c.loop.now();
  c.run(script, c.client.get());
  EXPECT_THAT(c.handler.ends, ElementsAre("CANCELLED: the client has closed the connection"));
  EXPECT_EQ(lasted(c, begin), 5s);
}

TEST(Http1ServerTime, RequestsThatComeWhileAHandlerWaitsAreKept) {
  Connection c;
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/sleep")));
    co_await or_return(co_await sleep(1s));
    co_await or_return(co_await stream->write_all(get("/2") + get("/yield")));
    co_await or_return(co_await sleep(1s));
    co_await or_return(co_await stream->write_all(get("/4", kClose)));
    co_return co_await read_all(stream);
  };
  EXPECT_EQ(c.run(script, c.client.get()),
            ok("GET /sleep ") + ok("GET /2 ") + ok("GET /yield ") + ok("GET /4 ", kClose));
  EXPECT_THAT(c.handler.ends, ElementsAre("slept"));
}

TEST(Http1ServerTime, WhatAWaitingHandlerKeepsIsBounded) {
  Connection c{{.limits = {.header_bytes = 1000, .target_bytes = 100}, .read_bytes = 100},
               {.buffered_bytes_max = 100}};
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/sleep")));
    co_await or_return(co_await sleep(1s));
    std::string many;
    for (int i = 0; i < 200; ++i) many += get("/n");
    // Blocks until the handler is done: the server has stopped to read.
    auto written = co_await timeout(60s, write(stream, &many));
    co_return written ? "written" : written.error().to_string();
  };
  EXPECT_THAT(c.run(script, c.client.get()), StartsWith("DEADLINE_EXCEEDED"));
}

TEST(Http1ServerTime, EarlierAnswersDoNotWaitForALaterHandler) {
  Connection c;
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/1") + get("/sleep")));
    co_return co_await timeout(1s, read_until(stream, "GET /1 "));
  };
  EXPECT_EQ(c.run(script, c.client.get()), ok("GET /1 "));
}

TEST(Http1ServerTime, AStopEndsTheConnectionAndItsHandler) {
  Connection c;
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/sleep")));
    co_await or_return(co_await sleep(1s));
    co_return error(Code::kAborted, "the test stops the server");
  };
  EXPECT_EQ(c.run(script, c.client.get()), "ABORTED: the test stops the server");
  EXPECT_THAT(c.handler.ends, ElementsAre("ABORTED: the test stops the server"));
}

TEST(Http1ServerTime, ADrainClosesAnIdleConnectionSoon) {
  Connection c;
  const TimePoint begin = c.loop.now();
  const auto script = [](Connection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/1")));
    co_await or_return(co_await sleep(5s));
    self->drain.start();
    co_return co_await read_all(self->client.get());
  };
  EXPECT_EQ(c.run(script, &c), ok("GET /1 "));
  EXPECT_EQ(lasted(c, begin), 5s + 500ms);
}

TEST(Http1ServerTime, ADrainAnswersARequestThatCrossesIt) {
  Connection c;
  const auto script = [](Connection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/1")));
    co_await or_return(co_await sleep(5s));
    self->drain.start();
    co_await or_return(co_await sleep(400ms));
    co_await or_return(co_await self->client->write_all(get("/2")));
    co_return co_await read_all(self->client.get());
  };
  EXPECT_EQ(c.run(script, &c), ok("GET /1 ") + ok("GET /2 ", kClose));
}

TEST(Http1ServerTime, ADrainLetsARequestFinish) {
  Connection c;
  const TimePoint begin = c.loop.now();
  const auto script = [](Connection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/sleep")));
    co_await or_return(co_await sleep(5s));
    self->drain.start();
    co_return co_await read_all(self->client.get());
  };
  EXPECT_EQ(c.run(script, &c), ok("GET /sleep ", kClose));
  EXPECT_THAT(c.handler.ends, ElementsAre("slept"));
  EXPECT_EQ(lasted(c, begin), 1h);
}

TEST(Http1ServerTime, AnOldConnectionIsLeftLikeADrainedOne) {
  const Http1ServerOptions options{.age_max = 10s, .age_jitter_percent = 0};
  Connection idle{options};
  TimePoint begin = idle.loop.now();
  EXPECT_EQ(idle.talk(""), "");
  EXPECT_EQ(lasted(idle, begin), 10s + 500ms);

  Connection busy{options};
  begin = busy.loop.now();
  EXPECT_EQ(busy.talk(get("/1") + get("/sleep")), ok("GET /1 ") + ok("GET /sleep ", kClose));
  EXPECT_EQ(lasted(busy, begin), 1h) << "a request under way is finished";
}

TEST(Http1ServerTime, AnOldConnectionsGraceEnds) {
  Connection c{{.age_max = 10s, .age_jitter_percent = 0, .age_grace = 5s}};
  const TimePoint begin = c.loop.now();
  EXPECT_EQ(c.talk(get("/sleep")), ok("GET /sleep ", kClose)) << "what it says when it is stopped";
  EXPECT_THAT(c.handler.ends, ElementsAre("UNAVAILABLE: the connection's grace is over"));
  EXPECT_EQ(lasted(c, begin), 15s);
}

TEST(Http1ServerTime, ADrainLetsAHalfReadRequestCome) {
  Connection c;
  const auto script = [](Connection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all("GET /half HTTP/1.1\r\n"));
    co_await or_return(co_await sleep(1s));
    self->drain.start();
    co_await or_return(co_await sleep(1s));
    co_await or_return(co_await self->client->write_all("Host: a\r\n\r\n"));
    co_return co_await read_all(self->client.get());
  };
  EXPECT_EQ(c.run(script, &c), ok("GET /half ", kClose));
}

TEST(Http1ServerTime, ANewConnectionIsServedOnceDuringADrain) {
  Connection c;
  const auto script = [](Connection* self) -> Task<Result<std::string>> {
    self->drain.start();
    co_await or_return(co_await sleep(400ms));
    co_await or_return(co_await self->client->write_all(get("/first") + get("/second")));
    co_return co_await read_all(self->client.get());
  };
  EXPECT_EQ(c.run(script, &c), ok("GET /first ", kClose));

  Connection silent;
  const TimePoint begin = silent.loop.now();
  silent.drain.start();
  EXPECT_EQ(silent.talk(""), "");
  EXPECT_EQ(lasted(silent, begin), 500ms);
}

}  // namespace
}  // namespace hal::transport
