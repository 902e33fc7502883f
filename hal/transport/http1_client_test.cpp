#include <hal/transport/http1_client.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/transport/testing/raw_http.hpp>

#include <gmock/gmock.h>

#include <optional>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using transport::testing::read_until;

/// A client, and a server that plays back bytes.
struct Pair {
  explicit Pair(const net::testing::MemoryOptions& memory = {},
                const wire::http1::Limits& limits = {}) {
    auto ends = net::testing::make_stream_pair(loop, memory);
    client.emplace(std::move(ends.first), limits);
    server = std::move(ends.second);
  }

  /// The server reads until `wait_for`, answers and, if asked, closes.
  static Task<> play(Pair* self, std::string wait_for, std::string answer, bool close) {
    auto received = co_await read_until(self->server.get(), wait_for);
    self->received = received ? *received : received.error().message();
    (void)co_await self->server->write_all(answer);
    if (close) self->server->close();
  }
  static Task<Result<HttpResponse>> beside(Scope& scope, Pair* self, const HttpRequest* request,
                                           std::string answer, bool close) {
    scope.spawn(&Pair::play, self, request->body.empty() ? "\r\n\r\n" : request->body, answer,
                close);
    auto response = co_await self->client->exchange(*request);
    self->reusable = self->client->reusable();
    co_return response;
  }
  static Task<Result<HttpResponse>> in_scope(Pair* self, const HttpRequest* request,
                                             std::string answer, bool close) {
    co_return co_await with_scope(&Pair::beside, self, request, answer, close);
  }
  Result<HttpResponse> exchange(const HttpRequest& request, std::string answer,
                                bool close = false) {
    return block_on(loop, &Pair::in_scope, this, &request, std::move(answer), close);
  }

  hal::testing::ManualLoop loop;
  std::optional<Http1Client> client;
  std::unique_ptr<net::Stream> server;
  std::string received;
  bool reusable = false;
};

HttpRequest get() { return {.target = "/x?y", .headers = {{"host", "a"}, {"x-1", "2"}}}; }

TEST(Http1Client, SendsAndReceives) {
  for (const bool one_byte_at_a_time : {false, true}) {
    Pair pair{{.one_byte_at_a_time = one_byte_at_a_time}};
    const auto response =
        pair.exchange(get(), "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello");
    ASSERT_TRUE(response);
    EXPECT_EQ(pair.received, "GET /x?y HTTP/1.1\r\nhost: a\r\nx-1: 2\r\n\r\n");
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(response->headers.get("x-a"), "b");
    EXPECT_EQ(response->body, "hello");
    EXPECT_TRUE(pair.reusable);
  }
}

TEST(Http1Client, SendsBodies) {
  Pair pair;
  HttpRequest post{.method = "POST", .headers = {{"host", "a"}}, .body = "data"};
  EXPECT_TRUE(pair.exchange(post, "HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_EQ(pair.received, "POST / HTTP/1.1\r\nhost: a\r\nContent-Length: 4\r\n\r\ndata");
  post.body.clear();
  EXPECT_TRUE(pair.exchange(post, "HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_THAT(pair.received, HasSubstr("Content-Length: 0\r\n"));
}

TEST(Http1Client, ReadsEveryFraming) {
  struct Case {
    std::string method;
    std::string answer;
    bool close;
    std::string body;
    bool reusable;
  };
  const std::vector<Case> cases{
      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false,
       "ab", true},
      {"GET", "HTTP/1.1 200 OK\r\n\r\nto the end", true, "to the end", false},
      {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", false, "x",
       false},
      {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", false, "x", false},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", false, "", true},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", false, "", true},
      {"GET", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
       false, "x", true},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", false, "x",
       false},
  };
  for (const Case& c : cases) {
    Pair pair;
    HttpRequest request = get();
    request.method = c.method;
    const auto response = pair.exchange(request, c.answer, c.close);
    ASSERT_TRUE(response) << c.answer << response.error().to_string();
    EXPECT_EQ(response->body, c.body) << c.answer;
    EXPECT_EQ(pair.reusable, c.reusable) << c.answer;
  }
}

TEST(Http1Client, SaysWhatIsWrong) {
  struct Case {
    std::string answer;
    std::string error;
  };
  const std::vector<Case> cases{
      {"", "UNAVAILABLE: "},
      {"HTTP/1.1 200 OK\r\nContent-", "UNAVAILABLE: the connection was closed in the middle of a"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
       "UNAVAILABLE: the connection was closed in the middle of a body"},
      {"SSH-2.0\r\n", "INTERNAL: bad response"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", "INTERNAL: bad response"},
  };
  for (const Case& c : cases) {
    Pair pair{{}, {.body_bytes = 1000}};
    const auto response = pair.exchange(get(), c.answer, true);
    ASSERT_FALSE(response) << c.answer;
    EXPECT_THAT(response.error().to_string(), StartsWith(c.error));
    EXPECT_FALSE(pair.reusable);
  }
}

TEST(Http1Client, RefusesARequestThatWouldSmuggleHeaders) {
  Pair pair;
  HttpRequest request = get();
  request.headers.add("x", "a\r\nb: c");
  const auto script = [](Pair* self, const HttpRequest* what) -> Task<Result<HttpResponse>> {
    co_return co_await self->client->exchange(*what);
  };
  const auto response = block_on(pair.loop, script, &pair, &request);
  EXPECT_EQ(response.error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace hal::transport
