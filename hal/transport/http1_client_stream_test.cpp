// Responses and requests of Http1Client as streams, against a server that plays back bytes.
#include <hal/transport/http1_client.hpp>

#include <hal/async/scope.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/transport/testing/raw_http.hpp>

#include <gmock/gmock.h>

#include <fmt/format.h>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using transport::testing::read_until;

/// Two pieces, a second before each.
class Slowly final : public BodyReader {
 public:
  Task<Result<std::string>> read() override {
    co_await or_return(co_await sleep(1s));
    co_return given++ < 2 ? "abc" : "";
  }
  int given = 0;
};

struct Pair {
  explicit Pair(const net::testing::MemoryOptions& memory = {}) {
    auto ends = net::testing::make_stream_pair(loop, memory);
    client =
        std::make_unique<Http1Client>(std::move(ends.first), wire::http1::Limits{.body_bytes = 4});
    server = std::move(ends.second);
  }
  static Task<> play(Pair* self, std::string wait_for, std::vector<std::string> answers,
                     bool close) {
    auto received = co_await read_until(self->server.get(), wait_for);
    self->received = received ? *received : received.error().message();
    for (const auto& answer : answers) {
      (void)co_await self->server->write_all(answer);
      (void)co_await sleep(1s);
    }
    if (close) self->server->close();
  }
  template <class F>
  static Task<Result<std::string>> beside(Scope& scope, Pair* self, F script, std::string wait_for,
                                          std::vector<std::string> answers, bool close) {
    scope.spawn(&Pair::play, self, wait_for, std::move(answers), close);
    co_return co_await script(self);
  }
  template <class F>
  static Task<Result<std::string>> in_scope(Pair* self, F script, std::string wait_for,
                                            std::vector<std::string> answers, bool close) {
    co_return co_await with_scope(beside<F>, self, std::move(script), std::move(wait_for),
                                  std::move(answers), close);
  }
  template <class F>
  std::string run(F script, std::vector<std::string> answers, bool close = false,
                  std::string wait_for = "\r\n\r\n") {
    auto result =
        block_on(loop, in_scope<F>, this, script, std::move(wait_for), std::move(answers), close);
    return result ? *result : result.error().to_string();
  }

  hal::testing::ManualLoop loop;
  std::unique_ptr<Http1Client> client;
  std::unique_ptr<net::Stream> server;
  std::string received;
};

/// Status and pieces of the response to this request.
Task<Result<std::string>> pieces(Pair* self, std::string method) {
  const HttpRequest request{.method = method, .headers = {{"host", "a"}}};
  const auto head = co_await or_return(self->client->open(request));
  std::string all = std::to_string(head.status);
  for (;;) {
    const auto piece = co_await self->client->read();
    if (!piece) co_return all + " " + piece.error().to_string();
    if (piece->empty()) co_return all;
    all += "|" + *piece;
  }
}
Task<Result<std::string>> get(Pair* self) { co_return co_await pieces(self, "GET"); }
Task<Result<std::string>> head(Pair* self) { co_return co_await pieces(self, "HEAD"); }

TEST(Http1ClientStream, GivesPiecesAsTheyComeWithoutALimit) {
  Pair p;
  EXPECT_EQ(p.run(get, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                        "3\r\ndef\r\n1\r\ng\r\n", "0\r\n\r\n"}),
            "200|abc|defg");
  EXPECT_TRUE(p.client->complete());
  EXPECT_TRUE(p.client->reusable());
  EXPECT_EQ(p.run(get, {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nhi"}), "404|hi")
      << "the connection goes on";
}

TEST(Http1ClientStream, EndsWithTheConnection) {
  Pair p;
  EXPECT_EQ(p.run(get, {"HTTP/1.1 200 OK\r\n\r\nabc", "def"}, true), "200|abc|def");
  EXPECT_FALSE(p.client->reusable());
}

TEST(Http1ClientStream, IsEmptyAfterHeadAndWith204) {
  Pair p;
  EXPECT_EQ(p.run(head, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}), "200");
  EXPECT_EQ(p.run(get, {"HTTP/1.1 204 No Content\r\n\r\n"}), "204");
  EXPECT_TRUE(p.client->reusable());
}

TEST(Http1ClientStream, IsCutOrBroken) {
  Pair cut;
  EXPECT_THAT(cut.run(get, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}, true),
              StartsWith("200|abc UNAVAILABLE: "));
  EXPECT_FALSE(cut.client->reusable());
  Pair broken;
  EXPECT_THAT(broken.run(get, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}),
              StartsWith("200 INTERNAL: bad response: "));
  Pair silent;
  EXPECT_THAT(silent.run(get, {}, true), HasSubstr("closed the connection without an answer"));
}

Task<Result<std::string>> put(Pair* self, std::optional<std::uint64_t> length) {
  const HttpRequest request{.method = "PUT", .headers = {{"host", "a"}}};
  Slowly source;
  const HttpUpload upload{.source = source, .length = length};
  co_await or_return(self->client->send(request, upload, 1s));
  const auto response = co_await or_return(self->client->receive_head());
  auto body = co_await or_return(self->client->read());
  co_return fmt::format("{} {} {}", response.status, body, source.given);
}
Task<Result<std::string>> put_chunked(Pair* self) { co_return co_await put(self, std::nullopt); }
Task<Result<std::string>> put_six(Pair* self) { co_return co_await put(self, 6); }

/// One piece, then an exception.
class Throwing final : public BodyReader {
 public:
  Task<Result<std::string>> read() override {
    if (std::exchange(given_, true)) throw std::runtime_error{"boom"};
    co_return "abc";
  }

 private:
  bool given_ = false;
};

Task<Result<std::string>> put_throwing(Pair* self) {
  const HttpRequest request{.method = "PUT", .headers = {{"host", "a"}}};
  Throwing source;
  co_await or_return(self->client->send(request, {.source = source}, 1s));
  co_return "sent";
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(Http1ClientStream, SendsABodyAsItIsMade) {
  Pair chunked;
  EXPECT_EQ(chunked.run(put_chunked, {std::string{kOk}}, false, "0\r\n\r\n"), "200 ok 3");
  EXPECT_EQ(chunked.received,
            "PUT / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.client->reusable());
  Pair six;
  EXPECT_EQ(six.run(put_six, {std::string{kOk}}, false, "abcabc"), "200 ok 3");
  EXPECT_THAT(six.received, EndsWith("\r\nContent-Length: 6\r\n\r\nabcabc"));
}

TEST(Http1ClientStream, StopsSendingWhenTheAnswerIsThere) {
  Pair p;
  EXPECT_EQ(p.run(put_chunked, {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"},
                  false, "abc"),
            "413 no 2");
  EXPECT_FALSE(p.client->reusable()) << "the server waits for a body that does not come";
}

TEST(Http1ClientStream, ASourceThatThrowsIsAnInternalError) {
  Pair p;
  EXPECT_EQ(p.run(put_throwing, {}, false, "abc"), "INTERNAL: unexpected exception: boom");
  EXPECT_FALSE(p.client->reusable());
}

TEST(Http1ClientStream, AServerThatTakesNothingInIsGivenUp) {
  Pair p{{.buffered_bytes_max = 20}};
  EXPECT_THAT(p.run(put_chunked, {}, false, "PUT"), StartsWith("DEADLINE_EXCEEDED"));
  EXPECT_FALSE(p.client->reusable());
}

}  // namespace
}  // namespace hal::transport
