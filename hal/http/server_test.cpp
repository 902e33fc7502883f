// The whole server over an in-memory network, spoken to in plain bytes.
#include <hal/http/server.hpp>

#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/transport/testing/raw_http.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using transport::testing::read_all;
using transport::testing::without_date;

struct Message {
  std::string text{};
};
BOOST_DESCRIBE_STRUCT(Message, (), (text))

/// What handlers note about themselves.
struct Notes {
  std::vector<std::string> ends;
};

Task<Result<Json<Message>>> echo(Path<"id"> id) { co_return Json{Message{.text = *id}}; }
Task<Result<Json<Message>>> post_echo(Json<Message> message) { co_return message; }
Task<Result<std::string>> wait(State<Notes> notes) {
  const auto slept = co_await sleep(1h);
  notes->ends.push_back(slept ? "slept" : slept.error().to_string());
  if (!slept) co_return error(slept.error());
  co_return "slept";
}
/// A line each 20 seconds, five in all.
Task<Result<>> ticks(ResponseWriter out) {
  for (int i = 0; i < 5; ++i) {
    co_await or_return(out.write("tick\n"));
    co_await or_return(co_await sleep(20s));
  }
  co_return Result<>{};
}
std::string throws() { throw std::runtime_error{"secret"}; }

struct Fixture {
  explicit Fixture(ServerOptions options = {}, const net::testing::MemoryOptions& memory = {})
      : host{memory} {
    host.around_server = {std::make_shared<layers::ServerDeadline>(),
                          std::make_shared<layers::Panic>()};
    host.background().spawn(&Fixture::serve, this, options);
  }
  ~Fixture() { host.shut_down(); }
  static Task<> serve(Fixture* self, ServerOptions options) {
    const auto waiting = Router{self->notes}.get("/wait", wait).get("/ticks", ticks);
    auto router =
        Router{self->notes}
            .get("/echo/:id", echo)
            .post("/echo", post_echo)
            .get("/wait", wait)
            .get("/ticks", ticks)
            .get("/throws", throws)
            .group("/short", Router{waiting}
                                 .layer(layers::Deadline{.timeout = 10s})
                                 .group("/hours", Router{waiting}.layer(layers::Deadline{2h})))
            .group("/never", Router{waiting}.layer(layers::Deadline{}));
    self->ended = co_await Server{self->host, std::move(router), options}.run();
    self->done = true;
  }
  static Task<Result<std::unique_ptr<net::Stream>>> connect(Fixture* self) {
    auto endpoint = co_await or_return(self->host.wait_listening());
    co_return co_await self->host.network().connect({"127.0.0.1", endpoint.port});
  }
  static Task<Result<std::string>> send(Fixture* self, std::string bytes, bool close) {
    auto stream = co_await or_return(connect(self));
    co_await or_return(co_await stream->write_all(bytes));
    if (close) stream->shutdown_write();
    co_return co_await read_all(stream.get());
  }
  /// What the server answers until it closes the connection.
  std::string talk(std::string bytes, bool close = false) {
    auto answer = host.run(&Fixture::send, this, std::move(bytes), close);
    return answer ? without_date(*answer) : answer.error().to_string();
  }

  service::testing::TestHost host;
  Notes notes;
  Result<> ended{};
  bool done = false;
};

std::string json_answer(std::string_view status, std::string_view body, bool close = false) {
  return fmt::format(
      "HTTP/1.1 {}\r\ncontent-type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
      body.size(), close ? "Connection: close\r\n" : "", body);
}
/// An error that a handler or router answers: its words are the client's language.
std::string error_answer(std::string_view status, std::string_view body) {
  std::string answer = json_answer(status, body);
  return answer.insert(answer.find("\r\n") + 2, "vary: accept-language\r\n");
}
constexpr std::string_view kHost = " HTTP/1.1\r\nHost: a\r\n";

std::string get(std::string_view target) { return fmt::format("GET {}{}\r\n", target, kHost); }

TEST(HttpServer, AnswersInOrderOnOneConnection) {
  for (const bool one_byte_at_a_time : {false, true}) {
    Fixture f{{}, {.one_byte_at_a_time = one_byte_at_a_time}};
    EXPECT_EQ(f.talk(get("/echo/1") + get("/none") + get("/echo/2"), true),
              json_answer("200 OK", R"({"text":"1"})") +
                  error_answer("404 Not Found",
                               R"({"error":{"code":404,"message":"no route for /none"}})") +
                  json_answer("200 OK", R"({"text":"2"})"));
  }
}

TEST(HttpServer, HeadIsGetWithoutABody) {
  Fixture f;
  EXPECT_EQ(f.talk(fmt::format("HEAD /echo/1{}\r\n", kHost) +
                       fmt::format("HEAD /none{}\r\n", kHost) + get("/echo/2"),
                   true),
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 12\r\n\r\n"
            "HTTP/1.1 404 Not Found\r\nvary: accept-language\r\ncontent-type: "
            "application/json\r\nContent-Length: 53\r\n\r\n" +
                json_answer("200 OK", R"({"text":"2"})"));
}

TEST(HttpServer, ReadsJsonBodies) {
  Fixture f;
  EXPECT_EQ(f.talk(fmt::format("POST /echo{}Content-Type: application/json\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n"
                               "8\r\n{{\"text\":\r\n5\r\n\"hi\"}}\r\n0\r\n\r\n",
                               kHost),
                   true),
            json_answer("200 OK", R"({"text":"hi"})"));
}

TEST(HttpServer, MethodNotAllowed) {
  Fixture f;
  const std::string body =
      R"({"error":{"code":405,"message":"/echo/1 does not answer to DELETE"}})";
  EXPECT_EQ(
      f.talk(fmt::format("DELETE /echo/1{}\r\n", kHost), true),
      fmt::format(
          "HTTP/1.1 405 Method Not Allowed\r\nallow: GET, HEAD, OPTIONS\r\n"
          "vary: accept-language\r\ncontent-type: application/json\r\nContent-Length: {}\r\n\r\n{}",
          body.size(), body));
}

TEST(HttpServer, RefusalsAreEnvelopes) {
  struct Case {
    std::string request;
    std::string begin;
    std::string error;
  };
  const std::vector<Case> cases{
      {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", R"({"error":{"code":400,)"},
      {get("/" + std::string(9000, 'x')), "HTTP/1.1 414 URI Too Long\r\n",
       R"({"error":{"code":414,)"},
      {fmt::format("GET /{}X: {}\r\n\r\n", kHost, std::string(70'000, 'x')),
       "HTTP/1.1 431 Request Header Fields Too Large\r\n", R"({"error":{"code":431,)"},
      {fmt::format("POST /echo{}Content-Length: 100\r\n\r\n", kHost),
       "HTTP/1.1 413 Content Too Large\r\n", R"({"error":{"code":413,)"},
      {"GET /echo", "HTTP/1.1 408 Request Timeout\r\n",
       R"({"error":{"code":408,"message":"the head of the request came too slowly"}})"},
  };
  ServerOptions options;
  options.http1.limits.body_bytes = 50;
  for (const Case& c : cases) {
    Fixture f{options};
    const auto answer = f.talk(c.request);
    EXPECT_THAT(answer, StartsWith(c.begin));
    EXPECT_THAT(answer, HasSubstr("\r\ncontent-type: application/json\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr(c.error));
    ASSERT_EQ(f.host.refused.counts().size(), 1U) << answer;
    EXPECT_EQ(f.host.refused.counts().front().requests, 1U);
    EXPECT_THAT(c.begin, HasSubstr(fmt::to_string(f.host.refused.counts().front().http_status)));
  }
}

TEST(HttpServer, WhatNoRouteSeesIsCountedAndLogged) {
  const telemetry::testing::CapturedLogs logs;
  Fixture f{{.gunzip = wire::GunzipLimits{}}};
  EXPECT_THAT(f.talk(get("/a/../../etc/passwd"), true), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.talk(get("/echo/../x"), true), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.talk(fmt::format("POST /echo{}Content-Encoding: gzip\r\n"
                                 "Content-Length: 2\r\n\r\n{{}}",
                                 kHost),
                     true),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(f.talk(get("/nowhere")), StartsWith("HTTP/1.1 404 "));  // the layers count this one
  EXPECT_THAT(f.talk(get("/echo/x")), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(f.host.refused.counts(),
              ::testing::ElementsAre(service::Refusals::Count{service::Protocol::kHttp, 400, 3}));
  EXPECT_EQ(logs.count("http request refused with 400: "), 1U);
}

TEST(HttpServer, ExceptionsAre500AndTellNothing) {
  Fixture f;
  EXPECT_EQ(f.talk(get("/throws") + get("/echo/1"), true),
            error_answer("500 Internal Server Error",
                         R"({"error":{"code":500,"message":"internal error"}})") +
                json_answer("200 OK", R"({"text":"1"})"));
}

TEST(HttpServer, RequestsHaveADeadline) {
  Fixture f;
  const TimePoint begin = f.host.loop().now();
  EXPECT_THAT(f.talk(get("/wait").insert(get("/wait").size() - 2, "Connection: close\r\n")),
              StartsWith("HTTP/1.1 504 Gateway Timeout\r\n"));
  EXPECT_EQ(f.host.loop().now() - begin, 30s);
  EXPECT_THAT(f.notes.ends, ::testing::ElementsAre("DEADLINE_EXCEEDED: deadline exceeded"));
}

TEST(HttpServer, RoutesMaySayAnotherDeadline) {
  const struct {
    std::string path;
    std::string status;
    Duration lasts;
  } cases[] = {{"/short/wait", "504 Gateway Timeout", 10s},
               {"/short/hours/wait", "200 OK", 1h},
               {"/never/wait", "200 OK", 1h}};
  for (const auto& [path, status, lasts] : cases) {
    Fixture f;
    const TimePoint begin = f.host.loop().now();
    const auto request = get(path).insert(get(path).size() - 2, "Connection: close\r\n");
    EXPECT_THAT(f.talk(request), StartsWith(fmt::format("HTTP/1.1 {}\r\n", status))) << path;
    EXPECT_EQ(f.host.loop().now() - begin, lasts) << path;
  }
}

TEST(HttpServer, AStreamHasTheDeadlineOfItsRoute) {
  const auto request = [](std::string path) {
    return get(path).insert(get(path).size() - 2, "Connection: close\r\n");
  };
  EXPECT_THAT(Fixture{}.talk(request("/ticks")), Not(HasSubstr("\r\n0\r\n"))) << "it is cut";
  const auto whole = Fixture{}.talk(request("/never/ticks"));
  EXPECT_THAT(whole, ::testing::EndsWith("\r\n0\r\n\r\n"));
  std::string ticks_alone;
  for (int i = 0; i < 5; ++i) ticks_alone += "5\r\ntick\n\r\n";
  EXPECT_THAT(whole, HasSubstr(ticks_alone));
}

TEST(HttpServer, AClosingClientCancelsTheHandler) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    auto stream = co_await or_return(Fixture::connect(self));
    co_await or_return(co_await stream->write_all(get("/wait")));
    co_await or_return(co_await sleep(1s));
    stream->close();
    co_await or_return(co_await sleep(1s));
    co_return self->notes.ends.empty() ? "runs" : self->notes.ends.front();
  };
  EXPECT_EQ(f.host.run(script, &f), "CANCELLED: the client has closed the connection");
}

TEST(HttpServer, ADrainFinishesRequestsAndEndsRun) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    auto stream = co_await or_return(Fixture::connect(self));
    co_await or_return(co_await stream->write_all(get("/wait")));
    co_await or_return(co_await sleep(1s));
    self->host.drain().start();
    co_return co_await read_all(stream.get());
  };
  const auto answer = f.host.run(script, &f);
  EXPECT_THAT(*answer, HasSubstr("\r\nConnection: close\r\n"));
  f.host.manual_loop().run_ready();
  EXPECT_TRUE(f.done);
  EXPECT_TRUE(f.ended);
}

TEST(HttpServer, SaysWhereItListens) {
  Fixture f;
  f.talk(get("/echo/1"), true);
  ASSERT_EQ(f.host.listening.size(), 1U);
  EXPECT_EQ(f.host.listening[0].protocol, service::Protocol::kHttp);
  EXPECT_NE(f.host.listening[0].endpoint.port, 0);
}

TEST(HttpServer, ATakenPortIsItsResult) {
  service::testing::TestHost host;
  const auto taken = host.network().listen(host.loop(), {"", 8080}, {});
  host.listen_on = {"", 8080};
  const auto script = [](service::testing::TestHost* there) -> Task<Result<>> {
    co_return co_await Server{*there, Router{}}.run();
  };
  EXPECT_EQ(host.run(script, &host).error().code(), Code::kAlreadyExists);
}

}  // namespace
}  // namespace hal::http
