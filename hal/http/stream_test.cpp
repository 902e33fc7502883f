// Streaming handlers behind a server, called by a streaming client, over an in-memory network.
#include <hal/http/stream.hpp>

#include <hal/http/client.hpp>
#include <hal/http/server.hpp>
#include <hal/http/testing/run_request.hpp>
#include <hal/service/layers/deadline/deadline.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/transport/testing/raw_http.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Notes {
  std::vector<std::string> ends;
  Client* client = nullptr;
};

Task<Result<std::string>> count(BodyStream body, State<Notes> notes) {
  std::size_t bytes = 0;
  for (;;) {
    const auto piece = co_await body.read();
    if (!piece) {
      notes->ends.push_back(piece.error().to_string());
      co_return error(piece.error());
    }
    if (piece->empty()) co_return std::to_string(bytes);
    bytes += piece->size();
  }
}

Task<Result<>> echo(BodyStream body, ResponseWriter out) {
  out.headers().add("content-type", "text/echo");
  for (;;) {
    const auto piece = co_await or_return(body.read());
    if (piece.empty()) co_return Result<>{};
    co_await or_return(out.write(piece));
  }
}

/// Passes on what comes in, piece by piece.
Task<Result<std::string>> relay(BodyStream body, State<Notes> notes) {
  auto response = co_await or_return(notes->client->request(
      {.method = "POST", .url = "http://server/count", .upload = &body.reader()}));
  co_return fmt::format("relayed {}", response.body);
}

Task<Result<>> lines(Query<"count", int> many, ResponseWriter out) {
  for (int i = 0; i < *many; ++i) {
    co_await or_return(out.write(fmt::format("line {}\n", i)));
  }
  co_return Result<>{};
}

/// A line each minute, until the client has enough.
Task<Result<>> watch(ResponseWriter out, State<Notes> notes) {
  for (int i = 0;; ++i) {
    const auto written = co_await out.write(fmt::format("event {}\r\n", i));
    const auto slept = co_await sleep(1min);
    if (written && slept) continue;
    notes->ends.push_back((written ? slept : written).error().to_string());
    co_return slept;
  }
}

Task<Result<>> silent(ResponseWriter out) {
  co_await or_return(out.start());
  co_return co_await sleep(1h);
}

Task<Result<>> fails_late(Query<"after", int> after, ResponseWriter out) {
  out.set_status(201);
  if (*after > 0) co_await or_return(out.write("begun"));
  co_return error(Code::kNotFound, "no more");
}

Task<Result<Json<std::string>>> whole(Json<std::string> text) { co_return std::move(text); }

struct Fixture {
  explicit Fixture(ServerOptions options = {}, const net::testing::MemoryOptions& memory = {},
                   ClientOptions client_options = {})
      : host{memory} {
    host.listen_on = {"", 80};
    host.around_server = {std::make_shared<layers::Panic>()};
    host.memory().add_host("server", {"127.0.0.1"});
    client.emplace(host, client_options);
    notes.client = &*client;
    host.background().spawn(&Fixture::serve, this, options);
    EXPECT_TRUE(host.run(&Fixture::listening, this));
  }
  ~Fixture() { host.shut_down(); }
  static Task<Result<net::Endpoint>> listening(Fixture* self) {
    return self->host.wait_listening();
  }
  static Router routes(Notes& notes) {
    return Router{notes}
        .post("/count", count)
        .post("/echo", echo)
        .post("/relay", relay)
        .get("/lines", lines)
        .get("/watch", watch)
        .get("/silent", silent)
        .get("/fails", fails_late)
        .post("/whole", whole);
  }
  static Task<> serve(Fixture* self, ServerOptions options) {
    (void)co_await Server{self->host, routes(self->notes), options}.run();
  }
  static Task<Result<std::string>> send(Fixture* self, std::string bytes) {
    auto stream = co_await or_return(self->host.network().connect({"127.0.0.1", 80}));
    co_return co_await transport::testing::talk_and_close(stream.get(), std::move(bytes));
  }
  std::string talk(std::string bytes) {
    auto answer = host.run(&Fixture::send, this, std::move(bytes));
    return answer ? transport::testing::without_date(*answer) : answer.error().to_string();
  }
  template <class F>
  std::string run(F script) {
    auto result = host.run(script, this);
    return result ? *result : result.error().to_string();
  }

  service::testing::TestHost host;
  Notes notes;
  std::optional<Client> client;
};

/// So many pieces of so many bytes; then the end or, with a negative number, an error.
class Pieces final : public transport::BodyReader {
 public:
  Pieces(int count, std::size_t bytes) : count_{count}, bytes_{bytes} {}
  Task<Result<std::string>> read() override {
    if (count_ < 0 && ++count_ == 0) co_return error(Code::kDataLoss, "the source is broken");
    if (count_ == 0) co_return std::string{};
    if (count_ > 0) --count_;
    ++given;
    co_return std::string(bytes_, 'x');
  }
  int given = 0;

 private:
  int count_;
  std::size_t bytes_;
};

constexpr std::string_view kHost = " HTTP/1.1\r\nHost: a\r\n";

TEST(HttpStream, AHandlerReadsTheBodyAsItComes) {
  for (const bool one_byte_at_a_time : {false, true}) {
    Fixture f{{}, {.one_byte_at_a_time = one_byte_at_a_time}};
    EXPECT_THAT(f.talk(fmt::format("POST /count{}Content-Length: 5\r\n\r\nhello", kHost)),
                EndsWith("\r\n\r\n5"));
    EXPECT_THAT(f.talk(fmt::format("POST /count{}\r\n", kHost)), EndsWith("\r\n\r\n0"));
  }
}

TEST(HttpStream, WithoutASocket) {
  Notes notes;
  const auto post = [&](std::string url, std::string body) {
    return testing::run_request(Fixture::routes(notes),
                                {.method = "POST", .url = std::move(url), .body = std::move(body)});
  };
  EXPECT_EQ(post("/count", "hello").body, "5");
  EXPECT_EQ(post("/echo", "hello").body, "hello");
  EXPECT_EQ(post("/echo", "hello").headers.get("content-type"), "text/echo");
  const auto get = [&](std::string url) { return testing::get(Fixture::routes(notes), url); };
  EXPECT_EQ(get("/lines?count=2").body, "line 0\nline 1\n");
  EXPECT_EQ(get("/lines?count=0").status, 200) << "an empty stream is not 204";
  EXPECT_EQ(get("/lines").status, 400);
  EXPECT_EQ(get("/fails?after=0").status, 404) << "nothing was sent: an error as any other";
  EXPECT_EQ(get("/fails?after=1").body, "begun(abandoned)");
}

TEST(HttpStream, BodiesOfUnknownPathsAreNotWaitedFor) {
  Fixture f;
  EXPECT_THAT(
      f.talk(fmt::format("POST /none{}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", kHost)),
      StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(f.talk(fmt::format("PUT /count{}Content-Length: 9000000\r\n\r\nabc", kHost)),
              StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
}

TEST(HttpStream, LimitsOfWholeAndStreamedBodiesDiffer) {
  ServerOptions options;
  options.http1.limits.body_bytes = 10;
  options.http1.stream_body_bytes = 20;
  Fixture f{options};
  const auto post = [&](std::string_view path, int bytes) {
    return f.talk(
        fmt::format("POST {}{}Content-Type: application/json\r\nContent-Length: {}\r\n"
                    "\r\n{:{}}",
                    path, kHost, bytes, "\"a\"", bytes));
  };
  EXPECT_THAT(post("/whole", 10), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(post("/whole", 11), StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(post("/count", 20), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(post("/count", 21), StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(f.talk(fmt::format("POST /count{}Transfer-Encoding: chunked\r\n\r\n"
                                 "15\r\n012345678901234567890\r\n0\r\n\r\n",
                                 kHost)),
              HasSubstr("{\"error\":{\"code\":413,"));
}

TEST(HttpStream, AClientReadsTheResponseAsItComes) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    auto watched = co_await or_return(self->client->open({.url = "http://server/watch"}));
    EXPECT_EQ(watched.status(), 200);
    EXPECT_TRUE(watched.headers().contains("transfer-encoding"));
    const TimePoint begin = self->host.loop().now();
    std::string all;
    for (int i = 0; i < 60; ++i) all = *co_await or_return(watched.read_line());
    EXPECT_EQ(self->host.loop().now() - begin, 59min);
    co_return all;
  };
  EXPECT_EQ(f.run(script), "event 59");
  f.run([](Fixture*) -> Task<Result<std::string>> {
    co_await or_return(co_await sleep(1s));
    co_return "";
  });
  EXPECT_THAT(f.notes.ends, ElementsAre("CANCELLED: the client has closed the connection"));
}

TEST(HttpStream, LinesHaveEndsAndALimit) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    auto opened = co_await or_return(self->client->open({.url = "http://server/lines?count=3"}));
    std::string all;
    for (;;) {
      const auto line = co_await or_return(opened.read_line());
      if (!line) break;
      all += *line + "|";
    }
    auto again = co_await or_return(self->client->open({.url = "http://server/lines?count=3"}));
    const auto longer = co_await again.read_line(3);
    co_return all + longer.error().to_string();
  };
  EXPECT_EQ(f.run(script),
            "line 0|line 1|line 2|RESOURCE_EXHAUSTED: a line of the response has more than 3 "
            "bytes");
  EXPECT_EQ(f.host.memory().connects(), 1U) << "a stream that was read keeps its connection";
}

TEST(HttpStream, ASilentResponseEndsInTime) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    auto opened = co_await or_return(self->client->open({.url = "http://server/silent"}));
    const TimePoint begin = self->host.loop().now();
    const auto first = co_await opened.read();
    EXPECT_EQ(self->host.loop().now() - begin, 5min);
    const auto second = co_await opened.read();
    EXPECT_EQ(first, second);
    co_return first.error().to_string();
  };
  EXPECT_EQ(f.run(script), "DEADLINE_EXCEEDED: waiting for more from server:80: deadline exceeded");
}

TEST(HttpStream, ACutResponseIsAnError) {
  Fixture f;
  const auto script = [](Fixture* self) -> Task<Result<std::string>> {
    auto opened = co_await or_return(self->client->open({.url = "http://server/fails?after=1"}));
    EXPECT_EQ(opened.status(), 201);
    auto begun = co_await or_return(opened.read());
    const auto rest = co_await opened.read();
    co_return begun + " " + rest.error().to_string();
  };
  EXPECT_THAT(f.run(script), StartsWith("begun UNAVAILABLE: "));
  const auto whole_script = [](Fixture* self) -> Task<Result<std::string>> {
    co_return (co_await self->client->get("http://server/fails?after=1")).error().to_string();
  };
  EXPECT_THAT(f.run(whole_script), StartsWith("UNAVAILABLE: "));
}

Task<Result<std::string>> upload(Fixture* self, Pieces* pieces, std::string path,
                                 std::optional<std::uint64_t> length) {
  auto response = co_await or_return(self->client->request({.method = "POST",
                                                            .url = "http://server" + path,
                                                            .upload = pieces,
                                                            .upload_length = length}));
  co_return fmt::format("{} {}", response.status, response.body);
}

TEST(HttpStream, UploadsAreChunkedOrHaveALength) {
  Fixture f{{}, {.buffered_bytes_max = 1000}};
  for (const std::optional<std::uint64_t> length : {std::optional<std::uint64_t>{}, {1'000'000}}) {
    Pieces pieces{100, 10'000};
    EXPECT_EQ(*f.host.run(upload, &f, &pieces, std::string{"/count"}, length), "200 1000000");
  }
  EXPECT_EQ(f.host.memory().connects(), 1U);
}

TEST(HttpStream, AnUploadKeepsToItsLengthAndTellsItsErrors) {
  Fixture f;
  Pieces brief{1, 5};
  EXPECT_EQ(f.host.run(upload, &f, &brief, std::string{"/count"}, 6).error().code(),
            Code::kInvalidArgument);
  Pieces longer{2, 5};
  EXPECT_EQ(f.host.run(upload, &f, &longer, std::string{"/count"}, 6).error().code(),
            Code::kInvalidArgument);
  Pieces broken{-3, 5};
  EXPECT_EQ(f.host.run(upload, &f, &broken, std::string{"/count"}, std::nullopt).error().code(),
            Code::kDataLoss);
  EXPECT_EQ(f.host.memory().connects(), 3U) << "none of these connections is used again";
}

TEST(HttpStream, AnAnswerEndsAnUpload) {
  Fixture f{{}, {.buffered_bytes_max = 1000}};
  Pieces endless{1'000'000, 1000};
  EXPECT_THAT(*f.host.run(upload, &f, &endless, std::string{"/none"}, std::nullopt),
              StartsWith("404 "));
  EXPECT_LT(endless.given, 1000);
}

TEST(HttpStream, ABodyGoesThroughAService) {
  Fixture f{{}, {.buffered_bytes_max = 1000}};
  Pieces pieces{100, 10'000};
  EXPECT_EQ(*f.host.run(upload, &f, &pieces, std::string{"/relay"}, std::nullopt),
            "200 relayed 1000000");
}

}  // namespace
}  // namespace hal::http
