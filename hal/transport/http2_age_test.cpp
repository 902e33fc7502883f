// Connections that have lived long enough.
#include <hal/transport/http2_connection.hpp>

#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;

const Headers kRequest{
    {":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "server"}};

/// Answers when the client has sent everything.
class Patient final : public Http2Handler {
 public:
  Task<> handle(std::unique_ptr<Http2Stream> stream) override {
    while (!stream->ended() && stream->failure().ok()) {
      if (!co_await stream->changed()) co_return;
    }
    if (stream->failure().ok()) (void)stream->respond({{":status", "200"}}, true);
  }
};

Task<> run_connection(std::shared_ptr<Http2Connection> connection, bool* ended) {
  (void)co_await connection->run();
  *ended = true;
}

class Http2AgeTest : public ::testing::Test {
 protected:
  ~Http2AgeTest() override {
    background.cancel({Code::kCancelled, "the test ends"});
    loop.run_until([this] { return background.active() == 0; });
  }
  void start(const Http2Options& options) {
    auto streams = net::testing::make_stream_pair(loop, {});
    client = Http2Connection::client(std::move(streams.first), {});
    background.spawn(run_connection, client, &client_ended);
    background.spawn(run_connection,
                     Http2Connection::server(std::move(streams.second), options, handler, drain),
                     &server_ended);
    loop.run_ready();
  }
  std::unique_ptr<Http2Stream> open() {
    auto stream = client->open(kRequest, false);
    EXPECT_TRUE(stream);
    loop.run_ready();
    return std::move(*stream);
  }

  hal::testing::ManualLoop loop;
  Scope background{Context{.loop = &loop}};
  service::Drain drain;
  Patient handler;
  std::shared_ptr<Http2Connection> client;
  bool client_ended = false;
  bool server_ended = false;
};

TEST_F(Http2AgeTest, an_idle_connection_ends_at_its_age) {
  start({.age_max = 60s, .age_jitter_percent = 0});
  loop.advance(59s);
  EXPECT_TRUE(client->usable());
  loop.advance(1s);
  EXPECT_FALSE(client->usable());
  EXPECT_TRUE(client_ended && server_ended);
}

TEST_F(Http2AgeTest, calls_under_way_finish) {
  start({.age_max = 60s, .age_jitter_percent = 0});
  const auto stream = open();
  loop.advance(60s);
  EXPECT_FALSE(client->usable());
  loop.advance(1h);
  ASSERT_TRUE(stream->send("late", true));
  loop.run_ready();
  EXPECT_EQ(stream->headers().get(":status"), "200");
  EXPECT_TRUE(stream->ended() && stream->failure().ok());
  EXPECT_TRUE(client_ended && server_ended);
}

TEST_F(Http2AgeTest, until_the_grace_is_over) {
  start({.age_max = 60s, .age_jitter_percent = 0, .age_grace = 10s});
  const auto stream = open();
  loop.advance(60s);
  loop.advance(9s);
  EXPECT_TRUE(stream->failure().ok());
  loop.advance(3s);  // and the time of last words
  EXPECT_FALSE(stream->failure().ok());
  EXPECT_TRUE(server_ended);
}

TEST_F(Http2AgeTest, the_age_is_made_unequal_within_the_jitter) {
  for (int i = 0; i < 20; ++i) {
    client_ended = server_ended = false;
    start({.age_max = 100s, .age_jitter_percent = 20});
    loop.advance(79s);
    EXPECT_TRUE(client->usable());
    loop.advance(42s);
    EXPECT_FALSE(client->usable());
  }
}

TEST_F(Http2AgeTest, without_an_age_it_stays) {
  start({});
  loop.advance(std::chrono::hours{24 * 365});
  EXPECT_TRUE(client->usable());
}

TEST_F(Http2AgeTest, a_drain_comes_before_the_age) {
  start({.age_max = 60s, .age_grace = 1s});
  const auto stream = open();
  drain.start();
  loop.advance(1h);  // the grace is the age's alone: whoever drains has a limit of its own
  EXPECT_TRUE(stream->failure().ok());
  ASSERT_TRUE(stream->send("", true));
  loop.run_ready();
  EXPECT_EQ(stream->headers().get(":status"), "200");
}

}  // namespace
}  // namespace hal::transport
