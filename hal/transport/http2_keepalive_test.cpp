// A client's connection to a peer that has gone without a word, and what it tells its watcher.
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/transport/http2_connection.hpp>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;

const Headers kRequest{
    {":method", "POST"}, {":scheme", "http"}, {":path", "/echo"}, {":authority", "server"}};

/// Counts; a server's side that answers what the test tells it to.
struct Peer final : wire::http2::Handler {
  void on_headers(wire::http2::StreamId, Headers&&, bool) override { ++requests; }
  void on_data(wire::http2::StreamId, std::string_view) override {}
  void on_trailers(wire::http2::StreamId, Headers&&) override {}
  void on_end(wire::http2::StreamId) override {}
  void on_close(wire::http2::StreamId, wire::http2::ErrorCode) override {}
  int requests = 0;
};

struct Watcher final : Http2Watcher {
  void on_change() noexcept override { ++changes; }
  int changes = 0;
};

Task<> run_connection(std::shared_ptr<Http2Connection> connection, std::optional<Result<>>* end) {
  *end = co_await connection->run();
}

class Http2KeepaliveTest : public ::testing::Test {
 protected:
  ~Http2KeepaliveTest() override {
    background.cancel({Code::kCancelled, "the test ends"});
    loop.run_until([this] { return background.active() == 0; });
  }
  void start(const Http2Options& options = {}) {
    auto streams = net::testing::make_stream_pair(loop, {});
    raw = std::move(streams.second);
    client = Http2Connection::client(std::move(streams.first), options);
    client->watch(&watcher);
    background.spawn(run_connection, client, &ended);
    background.spawn(take_in, this);
    loop.run_ready();
  }
  /// What the peer has to say so far goes out.
  void speak() {
    std::string bytes;
    ASSERT_TRUE(peer.produce(bytes));
    pings += static_cast<int>(bytes.size() == 17 && bytes[3] == 6);
    if (!bytes.empty()) background.spawn(write, raw.get(), std::move(bytes));
    loop.run_ready();
  }
  std::unique_ptr<Http2Stream> open() {
    auto stream = client->open(kRequest, true);
    EXPECT_TRUE(stream);
    loop.run_ready();
    return std::move(*stream);
  }
  static Task<> write(net::Stream* stream, std::string bytes) {
    (void)co_await stream->write_all(bytes);
  }
  static Task<> take_in(Http2KeepaliveTest* self) {
    std::array<char, 4096> buffer;
    for (;;) {
      const auto size = co_await self->raw->read_some(buffer);
      if (!size || *size == 0) co_return;
      (void)self->peer.receive({buffer.data(), *size});
      if (self->answers) self->speak();
    }
  }

  hal::testing::ManualLoop loop;
  Scope background{Context{.loop = &loop}};
  std::unique_ptr<net::Stream> raw;
  Peer handler;
  wire::http2::Session peer{wire::http2::Role::kServer, {}, handler};
  Watcher watcher;
  std::shared_ptr<Http2Connection> client;
  std::optional<Result<>> ended;
  bool answers = true;
  int pings = 0;
};

TEST_F(Http2KeepaliveTest, a_peer_without_settings_is_left) {
  answers = false;
  start({.preface_time = 3s});
  const auto stream = open();
  EXPECT_FALSE(client->ready());
  loop.advance(2999ms);
  EXPECT_TRUE(stream->failure().ok());
  loop.advance(1ms);
  EXPECT_EQ(stream->failure().code(), Code::kUnavailable);
  EXPECT_NE(stream->failure().message().find("no HTTP/2 settings"), std::string::npos);
  EXPECT_TRUE(ended.has_value());
  EXPECT_GT(watcher.changes, 0);
}

TEST_F(Http2KeepaliveTest, a_peer_that_goes_silent_is_found_by_a_ping) {
  start({.keepalive_time = 30s, .keepalive_timeout = 10s});
  EXPECT_TRUE(client->ready());
  const auto stream = open();
  answers = false;
  loop.advance(39s);
  EXPECT_TRUE(stream->failure().ok());
  loop.advance(1s);
  EXPECT_EQ(stream->failure().code(), Code::kUnavailable);
  EXPECT_NE(stream->failure().message().find("did not answer a ping"), std::string::npos);
  EXPECT_FALSE(client->usable());
}

TEST_F(Http2KeepaliveTest, a_slow_answer_costs_few_pings) {
  start({.keepalive_time = 30s, .keepalive_interval = 5min, .keepalive_timeout = 10s});
  const auto stream = open();
  loop.advance(29s);
  EXPECT_EQ(pings, 0);
  loop.advance(1s);
  EXPECT_EQ(pings, 1);
  loop.advance(4min);
  EXPECT_EQ(pings, 1);
  loop.advance(1min);
  EXPECT_EQ(pings, 2);
  EXPECT_TRUE(stream->failure().ok());
  ASSERT_TRUE(peer.submit_response(stream->id(), {{":status", "200"}}, false));
  speak();
  EXPECT_TRUE(client->answered());
  loop.advance(30s);  // a new silence
  EXPECT_EQ(pings, 3);
}

TEST_F(Http2KeepaliveTest, a_connection_without_streams_is_not_pinged) {
  start({.keepalive_time = 30s});
  loop.advance(1h);
  EXPECT_EQ(pings, 0);
  EXPECT_TRUE(client->usable());
}

TEST_F(Http2KeepaliveTest, off_means_never) {
  start({.keepalive_time = 0s});
  const auto stream = open();
  answers = false;
  loop.advance(24h);
  EXPECT_EQ(pings, 0);
  EXPECT_TRUE(stream->failure().ok());
}

TEST_F(Http2KeepaliveTest, a_goaway_tells_the_watcher_and_its_reason) {
  start();
  const auto stream = open();
  const int before = watcher.changes;
  peer.goaway(wire::http2::ErrorCode::kEnhanceYourCalm, "too_many_pings");
  speak();
  EXPECT_GT(watcher.changes, before);
  EXPECT_TRUE(client->pinged_too_often());
  EXPECT_FALSE(client->usable());
}

TEST_F(Http2KeepaliveTest, a_request_that_has_not_left_may_be_sent_again) {
  start();
  const auto sent = open();
  raw->abort();
  const auto kept = client->open(kRequest, true);  // before the reset is known
  ASSERT_TRUE(kept);
  loop.run_ready();
  EXPECT_FALSE(sent->refused());
  EXPECT_TRUE((*kept)->refused());
  EXPECT_EQ((*kept)->failure().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace hal::transport
