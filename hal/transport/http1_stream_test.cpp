// Request and response bodies of serve_http1 as streams.
#include <hal/async/deadline.hpp>
#include <hal/transport/testing/http1_connection.hpp>

#include <gmock/gmock.h>

namespace hal::transport {
namespace {

using namespace transport::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Does what the target says; notes what it has read and how it ended.
class Streams final : public Http1Handler {
 public:
  BodyUse body_use(const HttpRequest& head) const override {
    return head.target.starts_with("/whole") ? BodyUse::kWhole : BodyUse::kStream;
  }
  Task<> handle_exchange(HttpExchange& exchange) override {
    ++handled;
    const Result<> ended = co_await run(exchange);
    if (ended) co_return;
    ends.push_back(ended.error().to_string());
    if (exchange.writer.started()) {
      exchange.writer.abandon();
    } else {
      exchange.response.status = 500;
    }
  }
  void refuse(int status, std::string_view message, HttpResponse& response) override {
    response.body = fmt::format("refused {}: {}", status, message);
  }

  std::vector<std::string> pieces;
  std::vector<std::string> ends;
  int handled = 0;
  std::size_t written = 0;

 private:
  Task<Result<>> run(HttpExchange& exchange) {
    const std::string target = exchange.request.target;
    if (target == "/read" || target == "/whole") co_return co_await read(exchange);
    if (target == "/echo") co_return co_await echo(exchange);
    if (target == "/one") {
      pieces.push_back(co_await or_return(exchange.body.read()));
      co_await or_return(co_await sleep(1h));
    }
    if (target == "/late") {
      co_await or_return(co_await sleep(5s));
      co_return co_await read(exchange);
    }
    if (target.starts_with("/write")) co_return co_await write(exchange, target);
    exchange.response.body = "unread";
    co_return Result<>{};
  }
  Task<Result<>> read(HttpExchange& exchange) {
    std::string all = exchange.request.body;
    for (;;) {
      auto piece = co_await or_return(exchange.body.read());
      if (piece.empty()) break;
      all += piece;
      pieces.push_back(std::move(piece));
    }
    exchange.response.body = fmt::format("read {}", all.size() <= 100 ? all : "much");
    co_return Result<>{};
  }
  static Task<Result<>> echo(HttpExchange& exchange) {
    for (;;) {
      const auto piece = co_await or_return(exchange.body.read());
      if (piece.empty()) co_return Result<>{};
      co_await or_return(exchange.writer.write(piece));
    }
  }
  Task<Result<>> write(HttpExchange& exchange, std::string target) {
    exchange.response.headers.add("x-kind", target);
    if (target == "/write-204") exchange.response.status = 204;
    if (target == "/write-bad-header") exchange.response.headers.add("x", "a\r\nb: c");
    if (target == "/write-throw") {
      co_await or_return(exchange.writer.write("half"));
      throw std::runtime_error{"boom"};
    }
    if (target == "/write-length") co_await or_return(exchange.writer.start(10));
    if (target == "/write-short") co_await or_return(exchange.writer.start(11));
    if (target == "/write-long") co_await or_return(exchange.writer.start(9));
    if (target == "/write-head") co_return co_await exchange.writer.start();
    if (target == "/write-big") {
      const std::string piece(10'000, 'x');
      for (int i = 0; i < 100; ++i) {
        co_await or_return(exchange.writer.write(piece));
        written += piece.size();
      }
    }
    if (target == "/write-slowly") co_await or_return(exchange.writer.write("first"));
    if (target == "/write-slowly") co_await or_return(co_await sleep(1h));
    co_await or_return(exchange.writer.write("hello"));
    co_return co_await exchange.writer.write("world");
  }
};

struct StreamConnection : Connection {
  explicit StreamConnection(Http1ServerOptions server_options = {},
                            const net::testing::MemoryOptions& memory = {})
      : Connection{std::move(server_options), memory} {
    serves = &streams;
  }
  Streams streams;
};

std::string post(std::string_view target, std::string_view body, std::string_view more = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\n{}Content-Length: {}\r\n\r\n{}", target, more,
                     body.size(), body);
}
std::string chunked(std::string_view target, std::string_view chunks) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}", target,
                     chunks);
}
std::string streamed(std::string_view target, std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nx-kind: {}\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                     target, body);
}

Task<Result<>> write(net::Stream* stream, const std::string* bytes) {
  co_return co_await stream->write_all(*bytes);
}

TEST(Http1RequestStream, GivesWhatComes) {
  StreamConnection c;
  EXPECT_EQ(c.talk_and_close(post("/read", "hello") +
                             chunked("/read", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") + get("/read")),
            ok("read hello") + ok("read abc") + ok("read "));
  EXPECT_THAT(c.streams.pieces, ElementsAre("hello", "abc"));
  StreamConnection bytewise{{}, {.one_byte_at_a_time = true}};
  EXPECT_EQ(
      bytewise.talk_and_close(post("/read", "hello") + chunked("/read", "2\r\nab\r\n0\r\n\r\n")),
      ok("read hello") + ok("read ab"));
  EXPECT_THAT(bytewise.streams.pieces, ElementsAre("h", "e", "l", "l", "o", "a", "b"));
}

TEST(Http1RequestStream, WholeBodiesStayTheDefault) {
  StreamConnection c;
  EXPECT_EQ(c.talk_and_close(post("/whole", "hello")), ok("read hello"));
  EXPECT_THAT(c.streams.pieces, IsEmpty());
}

TEST(Http1RequestStream, StartsBeforeTheBodyIsThere) {
  StreamConnection c;
  const auto script = [](StreamConnection* self) -> Task<Result<std::string>> {
    net::Stream& stream = *self->client;
    co_await or_return(co_await stream.write_all(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    std::string all;
    for (const std::string piece : {"one", "two"}) {
      co_await or_return(co_await sleep(20s));
      co_await or_return(co_await stream.write_all("3\r\n" + piece + "\r\n"));
      all += co_await or_return(read_until(&stream, piece + "\r\n"));
    }
    co_await or_return(co_await stream.write_all("0\r\n\r\n" + get("/none", kClose)));
    co_return all + co_await or_return(read_all(&stream));
  };
  EXPECT_EQ(
      c.run(script, &c),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" +
          ok("unread", kClose));
}

TEST(Http1RequestStream, HoldsTheClientBack) {
  StreamConnection c{{}, {.buffered_bytes_max = 1000}};
  const auto script = [](StreamConnection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(
        "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"));
    const std::string bytes(100'000, 'x');
    const auto sent = co_await timeout(1s, write(self->client.get(), &bytes));
    EXPECT_EQ(sent.error().code(), Code::kDeadlineExceeded);
    self->client->abort();
    co_return std::string{};
  };
  c.run(script, &c);
  EXPECT_EQ(c.streams.pieces.size(), 1U);
}

TEST(Http1RequestStream, ContinuesWhenTheHandlerReads) {
  StreamConnection c;
  const auto script = [](StreamConnection* self) -> Task<Result<std::string>> {
    const std::string head =
        "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    const TimePoint begin = self->loop.now();
    co_await or_return(co_await self->client->write_all(head));
    auto all = co_await or_return(read_until(self->client.get(), "\r\n\r\n"));
    EXPECT_EQ(self->loop.now() - begin, 5s);
    co_await or_return(co_await self->client->write_all("ok"));
    self->client->shutdown_write();
    co_return all + co_await or_return(read_all(self->client.get()));
  };
  EXPECT_EQ(c.run(script, &c), "HTTP/1.1 100 Continue\r\n\r\n" + ok("read ok"));
}

TEST(Http1RequestStream, DoesNotContinueWhatNobodyReads) {
  StreamConnection c;
  EXPECT_EQ(c.talk("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                   "\r\n"),
            ok("unread", kClose));
}

TEST(Http1RequestStream, DropsWhatIsNotRead) {
  StreamConnection c{{.unread_body_bytes = 1000}};
  EXPECT_EQ(c.talk_and_close(post("/no", std::string(1000, 'x')) +
                             chunked("/no", "3\r\nabc\r\n0\r\n\r\n") + get("/3")),
            ok("unread") + ok("unread") + ok("unread"));
}

TEST(Http1RequestStream, ClosesWhenTooMuchIsNotRead) {
  const Http1ServerOptions options{.unread_body_bytes = 1000};
  EXPECT_EQ(StreamConnection{options}.talk(post("/no", std::string(1001, 'x')) + get("/2")),
            ok("unread", kClose));
  EXPECT_EQ(StreamConnection{options}.talk(
                chunked("/no", fmt::format("3e9\r\n{}\r\n0\r\n\r\n", std::string(1001, 'x'))) +
                get("/2")),
            ok("unread"))
      << "the length was not known when the answer was sent";
  EXPECT_EQ(StreamConnection{options}.talk(chunked("/no", "zz\r\n") + get("/2")), ok("unread"));
}

TEST(Http1RequestStream, ARestThatDoesNotComeEndsTheConnection) {
  StreamConnection c;
  const TimePoint begin = c.loop.now();
  EXPECT_EQ(c.talk("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"), ok("unread"));
  EXPECT_EQ(c.served_until - begin, 30s);
}

TEST(Http1RequestStream, ABodyOverTheLimitIsA413) {
  const Http1ServerOptions options{.stream_body_bytes = 10};
  StreamConnection c{options};
  EXPECT_EQ(
      c.talk(post("/read", "12345678901")),
      refused("413 Content Too Large", "refused 413: the body is over the limit of 10 bytes"));
  EXPECT_EQ(c.streams.handled, 0) << "decided by the head";
  StreamConnection grows{options};
  EXPECT_THAT(grows.talk(chunked("/read", "5\r\n12345\r\n6\r\n678901\r\n0\r\n\r\n")),
              StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(grows.streams.ends, ElementsAre(HasSubstr("RESOURCE_EXHAUSTED")));
}

TEST(Http1RequestStream, ABrokenBodyIsA400AndASlowOneA408) {
  StreamConnection broken;
  EXPECT_THAT(broken.talk(chunked("/read", "zz\r\n")), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  StreamConnection slow;
  const TimePoint begin = slow.loop.now();
  EXPECT_EQ(slow.talk("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"),
            refused("408 Request Timeout", "refused 408: the body of the request came too slowly"));
  EXPECT_EQ(slow.served_until - begin, 30s);
}

TEST(Http1RequestStream, AClientThatGoesEndsTheRead) {
  StreamConnection c;
  c.talk_and_close("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_THAT(c.streams.ends, ElementsAre("CANCELLED: the client has closed the connection"));
}

TEST(Http1RequestStream, AClientThatGoesCancelsAHandlerThatDoesNotRead) {
  StreamConnection c;
  const TimePoint begin = c.loop.now();
  c.talk_and_close("POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_THAT(c.streams.ends, ElementsAre("CANCELLED: the client has closed the connection"));
  EXPECT_EQ(c.served_until - begin, 0s);
}

TEST(Http1ResponseStream, IsChunkedOrHasItsLength) {
  for (const bool one_byte_at_a_time : {false, true}) {
    StreamConnection c{{}, {.one_byte_at_a_time = one_byte_at_a_time}};
    EXPECT_EQ(c.talk(get("/write") + get("/write-length", kClose)),
              streamed("/write", "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n") +
                  "HTTP/1.1 200 OK\r\nx-kind: /write-length\r\nContent-Length: 10\r\n"
                  "Connection: close\r\n\r\nhelloworld");
  }
}

TEST(Http1ResponseStream, MayBeEmpty) {
  EXPECT_EQ(StreamConnection{}.talk(get("/write-head") + get("/none", kClose)),
            streamed("/write-head", "0\r\n\r\n") + ok("unread", kClose));
}

TEST(Http1ResponseStream, HasNoBodyAfterHeadAndWith204) {
  EXPECT_EQ(StreamConnection{}.talk("HEAD /write HTTP/1.1\r\nHost: a\r\n\r\n" +
                                    get("/write-204", kClose)),
            streamed("/write", "") +
                "HTTP/1.1 204 No Content\r\nx-kind: /write-204\r\nConnection: close\r\n\r\n");
}

TEST(Http1ResponseStream, EndsWithTheConnectionForHttp10) {
  EXPECT_EQ(StreamConnection{}.talk("GET /write HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nx-kind: /write\r\nConnection: close\r\n\r\nhelloworld");
}

TEST(Http1ResponseStream, WaitsForTheClient) {
  StreamConnection c{{}, {.buffered_bytes_max = 1000}};
  const auto script = [](StreamConnection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/write-big", kClose)));
    co_await or_return(co_await sleep(1s));
    EXPECT_EQ(self->streams.written, 0U);
    co_return co_await read_all(self->client.get());
  };
  const auto answer = c.run(script, &c);
  EXPECT_EQ(c.streams.written, 1'000'000U);
  EXPECT_GT(answer.size(), 1'000'000U);
  EXPECT_THAT(answer, EndsWith("world\r\n0\r\n\r\n"));
}

TEST(Http1ResponseStream, AClientThatReadsNothingIsCut) {
  StreamConnection c{{}, {.buffered_bytes_max = 1000}};
  const TimePoint begin = c.loop.now();
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/write-big")));
    co_await or_return(co_await sleep(40s));
    co_return std::string{};
  };
  c.run(script, c.client.get());
  EXPECT_EQ(c.served_until - begin, 30s);
  EXPECT_EQ(c.streams.ends.size(), 1U);
}

TEST(Http1ResponseStream, PiecesGoOutAtOnceAndAClosingClientCancels) {
  StreamConnection c;
  const auto script = [](net::Stream* stream) -> Task<Result<std::string>> {
    co_await or_return(co_await stream->write_all(get("/write-slowly")));
    auto seen = co_await or_return(read_until(stream, "5\r\nfirst\r\n"));
    stream->close();
    co_return seen;
  };
  EXPECT_EQ(c.run(script, c.client.get()), streamed("/write-slowly", "5\r\nfirst\r\n"));
  EXPECT_THAT(c.streams.ends, ElementsAre("CANCELLED: the client has closed the connection"));
}

TEST(Http1ResponseStream, AnIncompleteOneIsSeenToBe) {
  EXPECT_EQ(StreamConnection{}.talk(get("/write-throw") + get("/2")),
            "HTTP/1.1 200 OK\r\nx-kind: /write-throw\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\nhalf\r\n");
  StreamConnection brief;
  EXPECT_THAT(brief.talk(get("/write-short") + get("/2")), EndsWith("\r\n\r\nhelloworld"));
  EXPECT_EQ(brief.streams.handled, 1);
  StreamConnection longer;
  EXPECT_THAT(longer.talk(get("/write-long") + get("/2")), EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(longer.streams.ends,
              ElementsAre("INVALID_ARGUMENT: the response is longer than its Content-Length"));
}

TEST(Http1ResponseStream, AHeadThatCannotBeWrittenIsStillAnError) {
  StreamConnection c;
  EXPECT_THAT(c.talk_and_close(get("/write-bad-header")),
              StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_THAT(c.streams.ends, ElementsAre(HasSubstr("INVALID_ARGUMENT")));
}

TEST(Http1ResponseStream, ADrainEndsTheConnectionBehindIt) {
  StreamConnection c;
  const auto script = [](StreamConnection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/late")));
    self->drain.start();
    co_return co_await read_all(self->client.get());
  };
  EXPECT_EQ(c.run(script, &c), ok("read ", kClose));
}

TEST(Http1Pipelining, TakesNoMoreThanTheBufferHolds) {
  StreamConnection c{{.limits = {.header_bytes = 1000, .target_bytes = 1000}, .read_bytes = 1000},
                     {.buffered_bytes_max = 100}};
  const auto script = [](StreamConnection* self) -> Task<Result<std::string>> {
    co_await or_return(co_await self->client->write_all(get("/late")));
    std::string many;
    for (int i = 0; i < 1000; ++i) many += get("/none");
    const auto sent = co_await timeout(1s, write(self->client.get(), &many));
    EXPECT_EQ(sent.error().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(self->streams.handled, 1);
    co_return std::string{};
  };
  c.run(script, &c);
}

}  // namespace
}  // namespace hal::transport
