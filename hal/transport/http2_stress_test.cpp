// Both sides of HTTP/2 connections under random calls, resets, drains and cuts. What holds whatever
// happens: each call ends, an answer is the right one, and nothing is left of a connection.
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/net/testing/memory_network.hpp>
#include <hal/transport/http2_connection.hpp>

#include <fmt/format.h>

#include <random>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using StreamPtr = std::unique_ptr<Http2Stream>;

constexpr std::string_view kPaths[] = {"/echo", "/slow", "/early", "/leave", "/wait", "/stream"};

struct World {
  hal::testing::ManualLoop loop{};
  std::minstd_rand random{};
  net::Stream* wire = nullptr;  ///< the client's end; its connection owns it
  service::Drain drain{};
  std::shared_ptr<Http2Connection> client{};
  std::shared_ptr<Http2Connection> server{};
  int connections = 0;
  int handlers = 0;
  int calls = 0;
  int answers = 0;

  std::size_t pick(std::size_t below) { return random() % below; }
  Duration some_time() { return std::chrono::milliseconds{pick(30)}; }
};

struct Count {
  explicit Count(int& number) noexcept : counted{number} { ++counted; }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;
  ~Count() { --counted; }
  int& counted;
};

Task<Result<std::string>> read_all(Http2Stream* stream) {
  std::string body;
  for (;;) {
    if (stream->has_data()) body += stream->take_data();
    if (stream->ended()) co_return body;
    if (!stream->failure().ok()) co_return error(stream->failure());
    co_await or_return(co_await stream->changed());
  }
}

Task<Result<>> stream_back(Http2Stream* stream) {
  co_await or_return(stream->respond({{":status", "200"}}, false));
  while (!stream->ended() || stream->has_data()) {
    if (stream->has_data()) {
      co_await or_return(stream->send(stream->take_data(), false));
      co_await or_return(stream->sendable());
      continue;
    }
    if (!stream->failure().ok()) co_return error(stream->failure());
    co_await or_return(co_await stream->changed());
  }
  co_return stream->send("", true);
}

class RandomHandler final : public Http2Handler {
 public:
  explicit RandomHandler(World& world) noexcept : world_{world} {}
  Task<> handle(StreamPtr stream) override {
    const Count count{world_.handlers};
    (void)co_await serve(&world_, stream.get());
  }

 private:
  static Task<Result<>> serve(World* world, Http2Stream* stream) {
    const std::string path{stream->headers().get(":path").value_or("")};
    if (path == "/leave") co_return Result<>{};
    if (path == "/early") co_return stream->respond({{":status", "418"}}, true);
    if (path == "/stream") co_return co_await stream_back(stream);
    if (path == "/wait") co_return co_await sleep(1h);
    if (path == "/slow") co_await or_return(co_await sleep(world->some_time()));
    auto body = co_await or_return(read_all(stream));
    co_await or_return(stream->respond({{":status", "200"}}, false));
    co_await or_return(stream->send(std::move(body), world->pick(2) == 0));
    co_return stream->send_trailers({{"grpc-status", "0"}});
  }
  World& world_;
};

Task<Result<std::string>> send_and_read(World* world, std::string_view path, std::string body) {
  const auto stream = co_await or_return(world->client->open(
      {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}}, false));
  const std::size_t half = world->pick(body.size() + 1);
  co_await or_return(stream->send(body.substr(0, half), false));
  if (world->pick(3) == 0) co_await or_return(co_await sleep(world->some_time()));
  if (!stream->ended()) co_await or_return(stream->send(body.substr(half), true));
  co_return co_await read_all(stream.get());
}

Task<> call(World* world) {
  const Count count{world->calls};
  for (std::size_t left = 1 + world->pick(4); left > 0; --left) {
    const std::string_view path = kPaths[world->pick(std::size(kPaths))];
    const std::string body(world->pick(8) == 0 ? world->pick(300'000) : world->pick(2000), 'x');
    const bool impatient = path == "/wait" || world->pick(4) == 0;
    const auto answer = co_await timeout(impatient ? world->some_time() : Duration{1h},
                                         send_and_read(world, path, body));
    if (!answer && !impatient) {
      EXPECT_NE(answer.error().code(), Code::kDeadlineExceeded) << "a lost wake-up: " << path;
    }
    if (answer && path != "/early") {
      ++world->answers;
      EXPECT_EQ(answer->size(), body.size()) << path;
    }
  }
}

Task<> run_one(World* world, std::shared_ptr<Http2Connection> connection) {
  const Count count{world->connections};
  (void)co_await connection->run();
}

Task<> meddle(World* world, Scope* background) {
  if (!co_await sleep(world->some_time())) co_return;
  switch (world->pick(6)) {
    case 0:
      world->wire->abort();
      break;
    case 1:
      world->wire->shutdown_write();
      break;
    case 2:
      world->drain.start();
      break;
    case 3:
      world->client->shutdown();
      break;
    case 4:
      background->cancel({Code::kCancelled, "the worker stops"});
      break;
    default:
      break;
  }
}

TEST(Http2Stress, CallsEndAndNothingIsLeft) {
  const std::uint32_t seed = std::random_device{}();
  int answers = 0;
  for (std::uint32_t round = 0; round < 200; ++round) {
    SCOPED_TRACE(fmt::format("seed {}", seed + round));
    World world{.random = std::minstd_rand{seed + round}};
    RandomHandler handler{world};
    Http2Options options;
    options.settings.max_concurrent_streams = 1 + static_cast<std::uint32_t>(world.pick(8));
    options.settings.stream_window_bytes = 100 + static_cast<std::uint32_t>(world.pick(70'000));
    options.read_bytes = 1 + world.pick(20'000);
    auto ends =
        net::testing::make_stream_pair(world.loop, {.buffered_bytes_max = 1 + world.pick(20'000)});
    world.wire = ends.first.get();
    world.client = Http2Connection::client(std::move(ends.first), options);
    world.server = Http2Connection::server(std::move(ends.second), options, handler, world.drain);
    Scope background{Context{.loop = &world.loop}};
    Scope callers{Context{.loop = &world.loop}};
    background.spawn(run_one, &world, world.client);
    background.spawn(run_one, &world, world.server);
    // While the connections run: the wire is theirs.
    background.spawn(meddle, &world, &background);
    for (std::size_t i = 1 + world.pick(12); i > 0; --i) callers.spawn(call, &world);
    world.loop.run_until([&] { return callers.active() == 0; });
    background.cancel({Code::kCancelled, "the test ends"});
    world.loop.run_until([&] { return background.active() == 0; });
    ASSERT_EQ(world.connections, 0);
    ASSERT_EQ(world.handlers, 0);
    ASSERT_EQ(world.client->open_streams(), 0);
    ASSERT_EQ(world.server->open_streams(), 0);
    ASSERT_EQ(world.client.use_count(), 1);
    ASSERT_EQ(world.server.use_count(), 1);
    answers += world.answers;
  }
  EXPECT_GT(answers, 200);
}

}  // namespace
}  // namespace hal::transport
