// A server's connection to clients that have gone, do not read, or take back what they ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/transport/http2_connection.hpp>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using wire::http2::ErrorCode;
using wire::http2::StreamId;

const Headers kRequest{
    {":method", "POST"}, {":scheme", "http"}, {":path", "/echo"}, {":authority", "server"}};

/// Answers at once with so many bytes, or waits for its stop.
class TestHandler final : public Http2Handler {
 public:
  Task<> handle(std::unique_ptr<Http2Stream> stream) override {
    ++started;
    if (answer_bytes) {
      (void)stream->respond({{":status", "200"}}, false);
      (void)stream->send(std::string(*answer_bytes, 'x'), true);
      co_return;
    }
    while (stream->failure().ok()) {
      if (!co_await stream->changed()) break;
    }
  }
  std::optional<std::size_t> answer_bytes;
  int started = 0;
};

/// What the test's client was told.
struct Client final : wire::http2::Handler {
  void on_headers(StreamId, Headers&&, bool) override { ++answers; }
  void on_data(StreamId id, std::string_view bytes) override { unread[id] += bytes.size(); }
  void on_trailers(StreamId, Headers&&) override {}
  void on_end(StreamId) override { ++ended; }
  void on_close(StreamId, ErrorCode code) override { resets += code == ErrorCode::kCancel ? 1 : 0; }
  void on_goaway(StreamId, ErrorCode code, std::string_view debug) override {
    goaway = fmt::format("{} {}", wire::http2::name(code), debug);
  }
  std::map<StreamId, std::size_t> unread;
  int answers = 0;
  int ended = 0;
  int resets = 0;
  std::string goaway;
};

class Http2AbuseTest : public ::testing::Test {
 protected:
  ~Http2AbuseTest() override {
    background.cancel({Code::kCancelled, "the test ends"});
    loop.run_until([this] { return background.active() == 0; });
  }
  void start(const Http2Options& options = {}, const wire::http2::Settings& client_settings = {}) {
    auto streams = net::testing::make_stream_pair(loop, {.buffered_bytes_max = 100'000});
    raw = std::move(streams.first);
    peer.emplace(wire::http2::Role::kClient, client_settings, client);
    background.spawn(run, this,
                     Http2Connection::server(std::move(streams.second), options, handler, drain));
    background.spawn(take_in, this);
    speak();
  }
  static Task<> run(Http2AbuseTest* self, std::shared_ptr<Http2Connection> connection) {
    self->server_ended = co_await connection->run();
  }
  static Task<> take_in(Http2AbuseTest* self) {
    std::array<char, 4096> buffer;
    for (;;) {
      if (!self->reads && !co_await self->reads_again.wait()) co_return;
      const auto size = co_await self->raw->read_some(buffer);
      if (!size || *size == 0) co_return;
      const bool ping = buffer[3] == 6;
      (void)self->peer->receive({buffer.data(), *size});
      self->pings += ping ? 1 : 0;
      if (self->speaks) self->speak();
    }
  }
  /// What the client has to say so far goes out, as far as the server takes it.
  void speak() {
    std::string bytes;
    ASSERT_TRUE(peer->produce(bytes));
    if (!bytes.empty()) background.spawn(write, raw.get(), std::move(bytes));
    loop.run_ready();
  }
  static Task<> write(net::Stream* stream, std::string bytes) {
    (void)co_await stream->write_all(bytes);
  }
  StreamId ask() {
    const auto id = peer->submit_request(kRequest, true);
    EXPECT_TRUE(id);
    return *id;
  }
  void take_back(StreamId id) { peer->reset(id, ErrorCode::kCancel); }

  hal::testing::ManualLoop loop;
  Scope background{Context{.loop = &loop}};
  service::Drain drain;
  TestHandler handler;
  Client client;
  std::optional<wire::http2::Session> peer;
  std::unique_ptr<net::Stream> raw;
  WaitQueue reads_again;
  std::optional<Result<>> server_ended;
  bool reads = true;
  bool speaks = true;
  int pings = 0;
};

TEST_F(Http2AbuseTest, a_client_that_has_gone_without_a_word_is_found) {
  start({.server_keepalive_time = 2min, .keepalive_timeout = 20s});
  speaks = false;
  loop.advance(2min + 19s);
  EXPECT_EQ(pings, 1);
  EXPECT_FALSE(server_ended);
  loop.advance(1s);
  ASSERT_TRUE(server_ended && !*server_ended);
  EXPECT_THAT(server_ended->error().message(), HasSubstr("did not answer a ping"));
}

TEST_F(Http2AbuseTest, with_the_defaults_too) {
  start();
  speaks = false;
  loop.advance(1h);
  EXPECT_TRUE(server_ended);
}

TEST_F(Http2AbuseTest, a_client_that_answers_may_be_idle_for_ever) {
  start({.server_keepalive_time = 2min});
  loop.advance(1h);
  EXPECT_EQ(pings, 30);
  ask();
  speak();
  EXPECT_EQ(handler.started, 1);
  loop.advance(119s);
  EXPECT_EQ(pings, 30);
  loop.advance(24h);
  EXPECT_FALSE(server_ended);
}

TEST_F(Http2AbuseTest, without_a_keepalive_nothing_is_asked) {
  start({.server_keepalive_time = 0s});
  speaks = false;
  loop.advance(24h);
  EXPECT_EQ(pings, 0);
  EXPECT_FALSE(server_ended);
}

TEST_F(Http2AbuseTest, a_client_that_takes_in_nothing_is_cut) {
  wire::http2::Settings wide;
  wide.stream_window_bytes = 1'000'000;
  wide.connection_window_bytes = 1'000'000;
  start({.write_timeout = 30s}, wide);
  handler.answer_bytes = 500'000;
  reads = false;
  ask();
  speak();
  loop.advance(29s);
  EXPECT_FALSE(server_ended);
  loop.advance(1s);
  ASSERT_TRUE(server_ended && !*server_ended);
  EXPECT_THAT(server_ended->error().message(), HasSubstr("took in nothing"));
}

TEST_F(Http2AbuseTest, finished_answers_that_no_window_lets_out_are_reset) {
  wire::http2::Settings closed;
  closed.stream_window_bytes = 0;
  start({.write_timeout = 30s}, closed);
  handler.answer_bytes = 100;
  for (int i = 0; i < 3; ++i) ask();
  speak();
  EXPECT_EQ(client.answers, 3);
  loop.advance(29s);
  ask();
  speak();
  EXPECT_EQ(client.resets, 0);
  loop.advance(1s);
  EXPECT_EQ(client.resets, 3);
  loop.advance(30s);
  EXPECT_EQ(client.resets, 4);
  EXPECT_FALSE(server_ended);
  handler.answer_bytes = 0;  // nghttp2 lets no end out either
  ask();
  speak();
  loop.advance(30s);
  EXPECT_EQ(client.resets, 5);
}

TEST_F(Http2AbuseTest, a_slow_reader_gets_all_of_a_finished_answer) {
  wire::http2::Settings narrow;
  narrow.stream_window_bytes = 64 * 1024;
  start({.write_timeout = 30s}, narrow);
  handler.answer_bytes = 300'000;
  const StreamId id = ask();
  speak();
  int steps = 0;
  for (; steps < 10 && client.ended == 0; ++steps) {
    loop.advance(29s);
    peer->consume(id, std::exchange(client.unread[id], 0));
    speak();
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(client.ended, 1);
  EXPECT_EQ(client.resets, 0);
}

TEST_F(Http2AbuseTest, rapid_resets_end_the_connection) {
  for (const bool together : {true, false}) {
    server_ended.reset();
    handler.started = 0;
    client.goaway.clear();
    start({.rapid_resets_burst = 200});
    int sent = 0;
    for (; sent < 1000 && !server_ended; ++sent) {
      const auto id = peer->submit_request(kRequest, true);
      if (!id) break;
      if (together) {
        std::string bytes;
        ASSERT_TRUE(peer->produce(bytes));
        take_back(*id);
        ASSERT_TRUE(peer->produce(bytes));
        background.spawn(write, raw.get(), std::move(bytes));
        loop.run_ready();
      } else {
        speak();
        loop.advance(1us);
        take_back(*id);
        speak();
      }
    }
    EXPECT_EQ(sent, 201);
    EXPECT_EQ(handler.started, together ? 0 : 201);
    EXPECT_EQ(client.goaway, "ENHANCE_YOUR_CALM too_many_resets");
    loop.advance(1s);
    ASSERT_TRUE(server_ended && !*server_ended);
    EXPECT_EQ(server_ended->error().code(), Code::kResourceExhausted);
    EXPECT_THAT(server_ended->error().message(), HasSubstr("rapid_resets_burst"));
    loop.advance(1s);
  }
}

TEST_F(Http2AbuseTest, deadlines_that_pass_do_not) {
  start({.rapid_resets_burst = 200, .rapid_resets_per_second = 0});
  for (int second = 0; second < 20; ++second) {
    std::vector<StreamId> late;
    handler.answer_bytes.reset();
    for (int i = 0; i < 150; ++i) late.push_back(ask());
    speak();
    loop.advance(10ms);  // a short deadline: only what is answered beside them speaks for them
    for (const StreamId id : late) take_back(id);
    speak();
    handler.answer_bytes = 0;
    for (int i = 0; i < 300; ++i) ask();
    speak();
  }
  EXPECT_FALSE(server_ended);
  EXPECT_EQ(client.answers, 6000);
}

TEST_F(Http2AbuseTest, deadlines_do_not_though_nothing_is_answered) {
  start({.rapid_resets_burst = 200, .rapid_resets_per_second = 0});
  for (int round = 0; round < 20; ++round) {
    std::vector<StreamId> late;
    for (int i = 0; i < 150; ++i) late.push_back(ask());
    speak();
    loop.advance(100ms);
    for (const StreamId id : late) take_back(id);
    speak();
  }
  EXPECT_FALSE(server_ended);
  EXPECT_EQ(handler.started, 3000);
}

TEST_F(Http2AbuseTest, requests_taken_back_now_and_then_do_not) {
  start({.rapid_resets_burst = 200, .rapid_resets_per_second = 100});
  for (int i = 0; i < 3000; ++i) {
    const StreamId id = ask();
    speak();
    take_back(id);
    speak();
    loop.advance(11ms);
  }
  EXPECT_FALSE(server_ended);
}

}  // namespace
}  // namespace hal::transport
