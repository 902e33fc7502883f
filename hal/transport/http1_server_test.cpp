#include <hal/transport/http1_server.hpp>

#include <hal/transport/testing/http1_connection.hpp>

#include <gmock/gmock.h>

#include <fmt/format.h>

namespace hal::transport {
namespace {

using namespace transport::testing;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Http1Server, KeepsTheConnection) {
  Connection c;
  EXPECT_EQ(c.talk_and_close(get("/1") + get("/2")), ok("GET /1 ") + ok("GET /2 "));
  EXPECT_EQ(c.handler.handled, 2);
}

TEST(Http1Server, HasADate) {
  Connection c;
  const auto raw =
      block_on(c.loop, Connection::in_scope<decltype(&talk), net::Stream*, std::string>, &c, &talk,
               c.client.get(), get("/", kClose));
  EXPECT_THAT(*raw, HasSubstr("\r\ndate: "));
}

TEST(Http1Server, ClosesWhenTheClientAsks) {
  Connection c;
  EXPECT_EQ(c.talk(get("/", kClose)), ok("GET / ", kClose));
}

TEST(Http1Server, SpeaksHttp10) {
  EXPECT_EQ(Connection{}.talk("GET / HTTP/1.0\r\n\r\n"), ok("GET / ", kClose));
  EXPECT_EQ(Connection{}.talk_and_close("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            ok("GET / ", "Connection: keep-alive\r\n"));
}

TEST(Http1Server, ReadsBodies) {
  const std::string with_length = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunked =
      "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
  const std::string answers = ok("POST /a hello") + ok("POST /b hello") + ok("GET /c ");
  EXPECT_EQ(Connection{}.talk_and_close(with_length + chunked + get("/c")), answers);
  Connection bytewise{{}, {.one_byte_at_a_time = true}};
  EXPECT_EQ(bytewise.talk_and_close(with_length + chunked + get("/c")), answers);
}

TEST(Http1Server, LargeBodiesBothWays) {
  const std::string body(1'000'000, 'b');
  const auto answer = Connection{}.talk_and_close(
      fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  EXPECT_EQ(answer, ok("POST / " + body));
  EXPECT_EQ(Connection{}.talk_and_close(get("/big") + get("/1")),
            ok(std::string(300'000, 'x') + "GET /big ") + ok("GET /1 "));
}

TEST(Http1Server, HeadHasTheLengthAndNoBody) {
  EXPECT_EQ(Connection{}.talk("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n");
}

TEST(Http1Server, NoContentHasNoLength) {
  EXPECT_EQ(Connection{}.talk_and_close(get("/empty") + get("/1")),
            "HTTP/1.1 204 No Content\r\n\r\n" + ok("GET /1 "));
}

TEST(Http1Server, ContinuesAClientThatWaits) {
  Connection c;
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(
        "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
    auto before = co_await or_return(read_until(stream, "\r\n\r\n"));
    co_await or_return(co_await stream->write_all("ok"));
    stream->shutdown_write();
    co_return before + co_await or_return(read_all(stream));
  };
  EXPECT_EQ(c.run(script, c.client.get()), "HTTP/1.1 100 Continue\r\n\r\n" + ok("PUT /x ok"));
}

TEST(Http1Server, DoesNotContinueWhatItRefuses) {
  Connection c{{.limits = {.body_bytes = 10}}};
  EXPECT_EQ(
      c.talk("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"),
      refused("413 Content Too Large", "refused 413: the body is over the limit of 10 bytes"));
}

struct Refusal {
  std::string input;
  std::string answer_begins;
};
class Http1ServerRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(Http1ServerRefuses, WithAnAnswerAndCloses) {
  const Http1ServerOptions options{
      .limits = {.header_bytes = 500, .header_fields = 5, .target_bytes = 50, .body_bytes = 10}};
  for (const bool one_byte_at_a_time : {false, true}) {
    Connection c{options, {.one_byte_at_a_time = one_byte_at_a_time}};
    const auto answer = c.talk(GetParam().input);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + GetParam().answer_begins + "\r\n"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n\r\nrefused "));
    EXPECT_EQ(c.handler.handled, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Http1ServerRefuses,
    ::testing::Values(
        Refusal{"HELLO\r\n\r\n", "400 Bad Request"},
        Refusal{"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        Refusal{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "400 Bad Request"},
        Refusal{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400 Bad Request"},
        Refusal{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "400 Bad Request"},
        Refusal{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901",
                "413 Content Too Large"},
        Refusal{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "b\r\n12345678901\r\n0\r\n\r\n",
                "413 Content Too Large"},
        Refusal{get("/" + std::string(60, 'x')), "414 URI Too Long"},
        Refusal{get("/", "X: " + std::string(600, 'x') + "\r\n"),
                "431 Request Header Fields Too Large"},
        Refusal{get("/", "a: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\ne: 1\r\n"),
                "431 Request Header Fields Too Large"},
        Refusal{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
                "501 Not Implemented"},
        Refusal{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505 HTTP Version Not Supported"}));

TEST(Http1Server, AnswersWhatCameBeforeARefusedRequest) {
  EXPECT_THAT(Connection{}.talk(get("/1") + "nonsense\r\n\r\n"),
              StartsWith(ok("GET /1 ") + "HTTP/1.1 400 Bad Request\r\n"));
}

TEST(Http1Server, AnExceptionIsA500AndTheConnectionGoesOn) {
  EXPECT_EQ(Connection{}.talk_and_close(get("/throw") + get("/1")),
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 27\r\n\r\n"
            "refused 500: internal error" +
                ok("GET /1 "));
}

TEST(Http1Server, AResponseThatCannotBeSentIsA500) {
  EXPECT_EQ(Connection{}.talk_and_close(get("/bad-header")),
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 27\r\n\r\n"
            "refused 500: internal error");
}

TEST(Http1Server, RequestsPerConnectionAreLimited) {
  Connection c{{.requests_max = 2}};
  EXPECT_EQ(c.talk(get("/1") + get("/2") + get("/3")), ok("GET /1 ") + ok("GET /2 ", kClose));
}

}  // namespace
}  // namespace hal::transport
