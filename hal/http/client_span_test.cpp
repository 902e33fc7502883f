// How long the span of a client's call lasts: as long as the response's body.
#include <hal/http/client.hpp>

#include <hal/http/server.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using namespace std::chrono_literals;
using telemetry::testing::DecodedSpan;

Task<Result<>> two_pieces(ResponseWriter out) {
  co_await or_return(out.write("one"));
  co_await or_return(co_await sleep(1s));
  co_return co_await out.write("two");
}
Task<Result<>> breaks_off(ResponseWriter out) {
  co_await or_return(out.write("one"));
  co_return error(Code::kDataLoss, "no more");
}
Task<Result<std::string>> whole(BodyStream) { co_return "whole"; }
Result<std::string> missing() { return error(Code::kNotFound, "nothing here"); }

class ClientSpanTest : public ::testing::Test {
 public:
  ClientSpanTest() {
    host.listen_on = {"", 80};
    host.around_server = {std::make_shared<layers::Panic>()};
    host.around_client = {std::make_shared<layers::ClientTrace>(layers::TraceOptions{})};
    host.memory().add_host("server", {"127.0.0.1"});
    client.emplace(host);
    host.background().spawn(serve, this);
    EXPECT_TRUE(host.run(listening, this));
  }
  ~ClientSpanTest() override {
    client.reset();
    host.shut_down();
  }
  static Task<> serve(ClientSpanTest* self) {
    auto router = Router{}
                      .get("/two", two_pieces)
                      .get("/broken", breaks_off)
                      .get("/missing", missing)
                      .post("/whole", whole);
    (void)co_await Server{self->host, std::move(router)}.run();
  }
  static Task<Result<net::Endpoint>> listening(ClientSpanTest* self) {
    co_return co_await self->host.wait_listening();
  }
  template <class F>
  std::string run(F script) {
    auto result = host.run(telemetry::testing::with_tracer<F, ClientSpanTest*>, &tracer,
                           std::move(script), this);
    return result ? *result : result.error().to_string();
  }
  std::vector<DecodedSpan> spans() { return telemetry::testing::take_spans(tracer); }
  std::size_t count() { return spans().size(); }

  telemetry::testing::ManualClock clock;
  telemetry::Tracer tracer{telemetry::testing::test_options(clock)};
  service::testing::TestHost host;
  std::optional<Client> client;
};

Task<Result<std::string>> read_on(ResponseStream* stream) {
  std::string body;
  for (;;) {
    const auto piece = co_await or_return(stream->read());
    if (piece.empty()) co_return body;
    body += piece;
  }
}

TEST_F(ClientSpanTest, LastsUntilTheBodyEnds) {
  const auto script = [](ClientSpanTest* self) -> Task<Result<std::string>> {
    auto opened = co_await or_return(self->client->open({.url = "http://server/two"}));
    self->clock.advance(1s);
    EXPECT_EQ(self->count(), 0U) << "only the head is there";
    auto body = co_await or_return(read_on(&opened));
    const auto ended = self->spans();
    EXPECT_EQ(ended.size(), 1U);
    if (ended.size() != 1) co_return body;
    EXPECT_EQ(ended[0].end_ns - ended[0].start_ns, 1'000'000'000U);
    EXPECT_EQ(ended[0].attributes.at("http.response.status_code"), "200");
    EXPECT_EQ(ended[0].status, telemetry::SpanStatus::kUnset);
    EXPECT_FALSE(ended[0].attributes.contains("error.type"));
    (void)co_await opened.read();
    co_return body;
  };
  EXPECT_EQ(run(script), "onetwo");
  EXPECT_EQ(count(), 0U) << "once";
}

TEST_F(ClientSpanTest, ABodyThatBreaksOffIsItsError) {
  const auto script = [](ClientSpanTest* self) -> Task<Result<std::string>> {
    auto opened = co_await or_return(self->client->open({.url = "http://server/broken"}));
    co_return co_await read_on(&opened);
  };
  EXPECT_THAT(run(script), ::testing::StartsWith("UNAVAILABLE: "));
  const auto ended = spans();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].attributes.at("http.response.status_code"), "200");
  EXPECT_EQ(ended[0].attributes.at("error.type"), "UNAVAILABLE");
  EXPECT_EQ(ended[0].status, telemetry::SpanStatus::kError);
}

TEST_F(ClientSpanTest, EndsWithAReaderThatLeaves) {
  const auto script = [](ClientSpanTest* self) -> Task<Result<std::string>> {
    {
      auto opened = co_await or_return(self->client->open({.url = "http://server/two"}));
      auto moved = std::move(opened);
      EXPECT_EQ(self->count(), 0U);
    }
    co_return std::to_string(self->count());
  };
  EXPECT_EQ(run(script), "1");
}

TEST_F(ClientSpanTest, AFailureBeforeTheBodyEndsIt) {
  const auto script = [](ClientSpanTest* self) -> Task<Result<std::string>> {
    const auto refused = co_await self->client->open({.url = "http://server:81/two"});
    EXPECT_FALSE(refused);
    const auto ended = self->spans();
    EXPECT_EQ(ended.size(), 1U);
    if (ended.size() == 1) EXPECT_EQ(ended[0].attributes.at("error.type"), "UNAVAILABLE");
    const auto gone = co_await or_return(self->client->open({.url = "http://server/missing"}));
    co_return std::to_string(gone.status());
  };
  EXPECT_EQ(run(script), "404");
  const auto ended = spans();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].attributes.at("error.type"), "404");
}

class NoBytes final : public transport::BodyReader {
 public:
  Task<Result<std::string>> read() override { co_return std::string{}; }
};

TEST_F(ClientSpanTest, AnUploadsLastsUntilTheAnswerIsRead) {
  const auto script = [](ClientSpanTest* self) -> Task<Result<std::string>> {
    NoBytes nothing;
    const auto answer = co_await or_return(self->client->request(
        {.method = "POST", .url = "http://server/whole", .upload = &nothing}));
    co_return answer.body + " " + std::to_string(self->count());
  };
  EXPECT_EQ(run(script), "whole 1");
}

}  // namespace
}  // namespace hal::http
