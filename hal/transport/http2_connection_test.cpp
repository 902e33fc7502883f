#include <hal/transport/http2_connection.hpp>

#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/when_all.hpp>
#include <hal/net/testing/memory_network.hpp>

namespace hal::transport {
namespace {

using namespace std::chrono_literals;
using StreamPtr = std::unique_ptr<Http2Stream>;

const Headers kRequest{
    {":method", "POST"}, {":scheme", "http"}, {":path", "/echo"}, {":authority", "server"}};

/// The body, to its end.
Task<Result<std::string>> read_all(Http2Stream* stream) {
  std::string body;
  for (;;) {
    if (stream->has_data()) body += stream->take_data();
    if (stream->ended()) co_return body;
    if (!stream->failure().ok()) co_return error(stream->failure());
    co_await or_return(co_await stream->changed());
  }
}

Task<Result<>> echo(Http2Stream* stream) {
  const std::string body = co_await or_return(read_all(stream));
  co_await or_return(stream->respond({{":status", "200"}}, false));
  co_await or_return(stream->send(body, false));
  co_return stream->send_trailers({{"grpc-status", "0"}});
}

Task<Result<>> wait_for_ever(Http2Stream* stream) {
  while (stream->failure().ok()) co_await or_return(co_await stream->changed());
  co_return error(stream->failure());
}

Task<Result<>> leave_at_once(Http2Stream*) { co_return Result<>{}; }

Task<Result<>> answer_early(Http2Stream* stream) {
  co_return stream->respond({{":status", "418"}}, true);
}

class TestHandler final : public Http2Handler {
 public:
  using Function = Task<Result<>> (*)(Http2Stream*);

  Task<> handle(StreamPtr stream) override {
    ++running;
    auto result = co_await function(stream.get());
    outcomes.push_back(result ? Status{} : result.error());
    stops.push_back(stream->stop().reason());
    --running;
  }
  Function function = echo;
  int running = 0;
  std::vector<Status> outcomes;
  std::vector<Status> stops;
};

Task<> run_connection(std::shared_ptr<Http2Connection> connection, std::optional<Result<>>* end) {
  *end = co_await connection->run();
}

/// A client and a server connection that run against each other.
class Http2ConnectionTest : public ::testing::Test {
 protected:
  ~Http2ConnectionTest() override { stop(); }

  void start(const Http2Options& options = {}, const net::testing::MemoryOptions& net = {}) {
    auto streams = net::testing::make_stream_pair(loop, net);
    client_stream = streams.first.get();
    client = Http2Connection::client(std::move(streams.first), options);
    server = Http2Connection::server(std::move(streams.second), options, handler, drain);
    background.spawn(run_connection, client, &client_end);
    if (before_server) before_server();
    background.spawn(run_connection, server, &server_end);
  }
  /// A server whose client is the test.
  net::Stream& start_server(const Http2Options& options = {},
                            const net::testing::MemoryOptions& net = {}) {
    auto streams = net::testing::make_stream_pair(loop, net);
    raw = std::move(streams.first);
    server = Http2Connection::server(std::move(streams.second), options, handler, drain);
    background.spawn(run_connection, server, &server_end);
    return *raw;
  }
  void stop() {
    background.cancel({Code::kCancelled, "the test ends"});
    loop.run_until([this] { return background.active() == 0; });
  }
  StreamPtr open(std::string body) {
    auto stream = client->open(kRequest, false);
    EXPECT_TRUE(stream);
    EXPECT_TRUE((*stream)->send(std::move(body), true));
    return std::move(*stream);
  }

  hal::testing::ManualLoop loop;
  Scope background{Context{.loop = &loop}};
  service::Drain drain;
  TestHandler handler;
  std::function<void()> before_server;
  std::unique_ptr<net::Stream> raw;
  net::Stream* client_stream = nullptr;
  std::shared_ptr<Http2Connection> client;
  std::shared_ptr<Http2Connection> server;
  std::optional<Result<>> client_end;
  std::optional<Result<>> server_end;
};

Task<Result<std::string>> call(Http2Connection* connection, std::string body) {
  const auto stream = co_await or_return(connection->open(kRequest, false));
  co_await or_return(stream->send(std::move(body), true));
  auto answer = co_await or_return(read_all(stream.get()));
  EXPECT_EQ(stream->headers().get(":status"), "200");
  EXPECT_EQ(stream->trailers().get("grpc-status"), "0");
  co_return answer;
}

struct CallItem {
  Http2Connection* connection;
  std::string body;
};
Task<Result<std::string>> call_item(CallItem item) {
  co_return co_await call(item.connection, std::move(item.body));
}
Task<Result<std::vector<std::string>>> call_many(std::vector<CallItem> items) {
  co_return co_await when_all(std::move(items), call_item);
}

TEST_F(Http2ConnectionTest, many_streams_at_once) {
  for (const bool one_byte : {false, true}) {
    start({}, {.one_byte_at_a_time = one_byte});
    std::vector<CallItem> items;
    for (int i = 0; i < 50; ++i) items.push_back({client.get(), "body " + std::to_string(i)});
    const auto answers = block_on(loop, call_many, items);
    ASSERT_TRUE(answers);
    for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ((*answers)[i], items[i].body);
    EXPECT_EQ(client->open_streams(), 0);
    EXPECT_EQ(server->open_streams(), 0);
    EXPECT_TRUE(client->usable());
  }
}

TEST_F(Http2ConnectionTest, a_stream_that_is_dropped_stops_its_handler) {
  start();
  handler.function = wait_for_ever;
  auto stream = open("x");
  loop.run_ready();
  EXPECT_EQ(handler.running, 1);
  stream.reset();
  loop.run_ready();
  EXPECT_EQ(handler.running, 0);
  EXPECT_EQ(handler.stops[0].code(), Code::kCancelled);
  EXPECT_EQ(handler.outcomes[0].code(), Code::kCancelled);
  handler.function = echo;
  EXPECT_EQ(block_on(loop, call, client.get(), std::string{"next"}), "next");
}

TEST_F(Http2ConnectionTest, a_handler_that_leaves_without_an_answer_resets) {
  start();
  handler.function = leave_at_once;
  const auto answer = block_on(loop, call, client.get(), std::string{"x"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), (Status{Code::kCancelled, "the stream was reset (CANCEL)"}));
  handler.function = echo;
  EXPECT_EQ(block_on(loop, call, client.get(), std::string{"y"}), "y");
}

TEST_F(Http2ConnectionTest, an_early_answer_ends_the_request_without_an_error) {
  start();
  handler.function = answer_early;
  auto stream = client->open(kRequest, false);  // and sends no end
  ASSERT_TRUE(stream);
  loop.run_ready();
  EXPECT_TRUE((*stream)->ended());
  EXPECT_TRUE((*stream)->failure().ok());
  EXPECT_EQ((*stream)->headers().get(":status"), "418");
  EXPECT_FALSE((*stream)->refused());
}

TEST_F(Http2ConnectionTest, drain_finishes_what_runs_and_takes_no_more) {
  start();
  handler.function = [](Http2Stream* stream) -> Task<Result<>> {
    while (!stream->ended()) co_await or_return(co_await stream->changed());
    co_return co_await echo(stream);
  };
  auto stream = client->open(kRequest, false);
  ASSERT_TRUE(stream && (*stream)->send("first", false));
  loop.run_ready();
  drain.start();
  loop.run_ready();
  EXPECT_FALSE(client->usable());
  const auto refused = client->open(kRequest, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_FALSE(server_end);
  ASSERT_TRUE((*stream)->send(" second", true));
  EXPECT_EQ(block_on(loop, read_all, stream->get()), "first second");
  loop.run_ready();
  ASSERT_TRUE(server_end && client_end);
  EXPECT_TRUE(*server_end);
  EXPECT_TRUE(*client_end);
}

TEST_F(Http2ConnectionTest, drain_ends_an_idle_connection) {
  start();
  loop.run_ready();
  drain.start();
  loop.run_ready();
  ASSERT_TRUE(server_end && client_end);
  EXPECT_TRUE(*server_end && *client_end);
}

TEST_F(Http2ConnectionTest, drain_waits_a_moment_for_a_client_that_has_just_connected) {
  start_server();
  drain.start();
  loop.run_ready();
  EXPECT_FALSE(server_end);
  loop.advance(1s);
  ASSERT_TRUE(server_end);
  EXPECT_FALSE(*server_end);
}

TEST_F(Http2ConnectionTest, drain_gives_up_waiting_for_a_client_that_ignores_the_notice) {
  auto& raw_stream = start_server();
  // Preface and SETTINGS; then the client reads nothing and answers nothing.
  const std::string hello =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(3, '\0') + "\x04" + std::string(5, '\0');
  EXPECT_TRUE(block_on(
      loop,
      [](net::Stream* stream, const std::string* bytes) -> Task<Result<>> {
        co_return co_await stream->write_all(*bytes);
      },
      &raw_stream, &hello));
  loop.run_ready();
  drain.start();
  loop.run_ready();
  EXPECT_FALSE(server_end);
  loop.advance(1s);
  ASSERT_TRUE(server_end);
  EXPECT_TRUE(*server_end);
}

TEST_F(Http2ConnectionTest, a_client_that_shuts_down_finishes_its_streams) {
  start();
  auto stream = open("x");
  client->shutdown();
  EXPECT_FALSE(client->usable());
  EXPECT_EQ(block_on(loop, read_all, stream.get()), "x");
  stream.reset();
  loop.run_ready();
  ASSERT_TRUE(server_end && client_end);
  EXPECT_TRUE(*client_end);
}

TEST_F(Http2ConnectionTest, a_cut_connection_fails_its_streams_on_both_sides) {
  start();
  handler.function = wait_for_ever;
  auto stream = open("x");
  loop.run_ready();
  client_stream->abort();
  loop.run_ready();
  EXPECT_EQ(stream->failure().code(), Code::kUnavailable);
  EXPECT_NE(stream->failure().message().find("lost"), std::string::npos);
  EXPECT_FALSE(stream->refused());
  EXPECT_EQ(handler.stops.at(0).code(), Code::kCancelled);
  EXPECT_EQ(handler.running, 0);
  EXPECT_FALSE(client->usable());
  EXPECT_FALSE(stream->send("more", true));
  EXPECT_EQ(client->open(kRequest, true).error().code(), Code::kUnavailable);
  loop.advance(1s);
  ASSERT_TRUE(server_end && client_end);
  EXPECT_FALSE(*server_end);
}

TEST_F(Http2ConnectionTest, a_stop_of_the_owner_ends_the_connection) {
  start();
  handler.function = wait_for_ever;
  auto stream = open("x");
  loop.run_ready();
  stop();
  EXPECT_EQ(stream->failure().code(), Code::kUnavailable);
  ASSERT_TRUE(server_end && client_end);
}

TEST_F(Http2ConnectionTest, a_large_body_flows_both_ways) {
  start();
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 / 7);
  const auto answer = block_on(loop, call, client.get(), body);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(*answer == body);
}

/// Sends 256 KiB pieces for as long as the peer takes them; how many it took.
Task<Result<std::size_t>> send_until_full(Http2Stream* stream) {
  const TimePoint end = (co_await this_context()).loop->now() + 1s;
  for (std::size_t pieces = 0;; ++pieces) {
    const auto sendable = co_await with_deadline(end, stream->sendable());
    if (!sendable) co_return pieces;
    co_await or_return(stream->send(std::string(256 * 1024, 'x'), false));
  }
}

TEST_F(Http2ConnectionTest, a_reader_that_does_not_read_holds_the_writer_up) {
  start();
  handler.function = wait_for_ever;
  auto stream = client->open(kRequest, false);
  ASSERT_TRUE(stream);
  const auto pieces = block_on(loop, send_until_full, stream->get());
  ASSERT_TRUE(pieces);
  EXPECT_GE(*pieces, 4);  // the window of 1 MiB
  EXPECT_LE(*pieces, 7);  // and what may be queued
}

TEST_F(Http2ConnectionTest, a_stream_over_the_limit_is_refused_and_not_processed) {
  StreamPtr first;
  StreamPtr second;
  // Both leave before the server's SETTINGS are there.
  before_server = [&] {
    first = open("1");
    second = open("2");
  };
  handler.function = [](Http2Stream* stream) -> Task<Result<>> {
    co_await or_return(co_await sleep(1s));
    co_return co_await echo(stream);
  };
  start({.settings = {.max_concurrent_streams = 1}});
  loop.run_ready();
  EXPECT_TRUE(second->refused());
  EXPECT_EQ(second->failure().code(), Code::kUnavailable);
  EXPECT_FALSE(client->has_room());
  auto third = open("3");  // waits for its turn
  EXPECT_EQ(block_on(loop, read_all, first.get()), "1");
  first.reset();
  EXPECT_EQ(block_on(loop, read_all, third.get()), "3");
}

struct RawCase {
  std::string bytes;
  bool answered;
};

Task<Result<std::string>> exchange_raw(net::Stream* stream, std::string bytes) {
  co_await or_return(co_await stream->write_all(bytes));
  std::string answer;
  std::array<char, 1024> buffer;
  for (;;) {
    const auto size = co_await stream->read_some(buffer);
    if (!size || *size == 0) co_return answer;
    answer.append(buffer.data(), *size);
  }
}

TEST_F(Http2ConnectionTest, what_is_no_http2_is_told_so_or_just_closed) {
  for (const auto& [bytes, answered] :
       std::initializer_list<RawCase>{{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
                                      {"POST /greeter.Greeter/SayHello HTTP/1.1\r\n\r\n", true},
                                      {"PRI * HTTP/1.1\r\n\r\n", true},
                                      {"\x16\x03\x01\x02\x01\x01", false},
                                      {"\n", false}}) {
    for (const bool one_byte : {false, true}) {
      server_end.reset();
      auto& stream = start_server({}, {.one_byte_at_a_time = one_byte});
      const auto answer = block_on(loop, exchange_raw, &stream, bytes);
      ASSERT_TRUE(answer) << bytes;
      EXPECT_EQ(answer->starts_with("HTTP/1.1 400 Bad Request\r\n"), answered) << bytes;
      EXPECT_EQ(answer->ends_with("not HTTP/1.1.\n"), answered) << bytes;
      EXPECT_EQ(answer->empty(), !answered) << bytes;
      raw->close();
      loop.run_ready();
      ASSERT_TRUE(server_end && !*server_end);
      EXPECT_EQ(server_end->error().code(), Code::kFailedPrecondition);
    }
  }
}

TEST_F(Http2ConnectionTest, a_client_that_says_nothing_is_closed) {
  auto& stream = start_server();
  EXPECT_EQ(block_on(loop, exchange_raw, &stream, std::string{"PRI * HT"}), "");
  ASSERT_TRUE(server_end && !*server_end);
  EXPECT_EQ(server_end->error().code(), Code::kDeadlineExceeded);
}

TEST_F(Http2ConnectionTest, a_protocol_error_is_answered_with_a_goaway) {
  auto& stream = start_server();
  // SETTINGS, then DATA on stream 1, which is idle (RFC 9113 5.1): PROTOCOL_ERROR.
  const std::string settings = std::string(3, '\0') + "\x04" + std::string(5, '\0');
  const std::string data = std::string("\x00\x00\x01\x00\x00\x00\x00\x00\x01z", 10);
  const auto answer =
      block_on(loop, exchange_raw, &stream, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + data);
  ASSERT_TRUE(answer);
  // A frame head of type GOAWAY on stream 0, and PROTOCOL_ERROR behind the last stream id.
  EXPECT_NE(answer->find(std::string("\x07\x00\x00\x00\x00\x00", 6)), std::string::npos);
  ASSERT_TRUE(server_end && !*server_end);
  EXPECT_EQ(server_end->error().code(), Code::kInternal);
}

/// The other side of a test's own Session: it only looks at the bytes.
class Silent final : public wire::http2::Handler {
  void on_headers(wire::http2::StreamId, Headers&&, bool) override {}
  void on_data(wire::http2::StreamId, std::string_view) override {}
  void on_trailers(wire::http2::StreamId, Headers&&) override {}
  void on_end(wire::http2::StreamId) override {}
  void on_close(wire::http2::StreamId, wire::http2::ErrorCode) override {}
};

/// Writes what the network takes at once, without a turn of the loop.
void write_now(net::Stream& stream, std::string_view bytes) {
  struct Unused final : net::IoOp {
    void on_complete(Result<std::size_t>) noexcept override { FAIL() << "it did not fit"; }
  } unused;
  ASSERT_EQ(stream.start_write(unused, bytes), bytes.size());
}

TEST_F(Http2ConnectionTest, a_request_that_is_reset_in_the_same_bytes_costs_no_handler) {
  auto& stream = start_server();
  Silent silent;
  wire::http2::Session peer{wire::http2::Role::kClient, {}, silent};
  std::string bytes;
  const auto dropped = peer.submit_request(kRequest, false);
  ASSERT_TRUE(dropped && peer.produce(bytes));
  peer.reset(*dropped, wire::http2::ErrorCode::kCancel);
  ASSERT_TRUE(peer.submit_request(kRequest, true) && peer.produce(bytes));
  write_now(stream, bytes);
  loop.run_ready();
  EXPECT_EQ(handler.outcomes, std::vector{Status{}});
  EXPECT_EQ(server->open_streams(), 0);
}

/// Notes how much each read may bring.
class WatchedStream final : public net::Stream {
 public:
  explicit WatchedStream(std::unique_ptr<net::Stream> inner) : inner_{std::move(inner)} {}
  std::optional<Result<std::size_t>> start_read(net::IoOp& op, std::span<char> buffer) override {
    room = buffer.size();
    return inner_->start_read(op, buffer);
  }
  std::optional<Result<std::size_t>> start_write(net::IoOp& op, std::string_view data) override {
    return inner_->start_write(op, data);
  }
  void cancel_read() noexcept override { inner_->cancel_read(); }
  void cancel_write() noexcept override { inner_->cancel_write(); }
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  void abort() noexcept override { inner_->abort(); }
  [[nodiscard]] net::Endpoint peer() const override { return inner_->peer(); }
  [[nodiscard]] net::Endpoint local() const override { return inner_->local(); }

  std::size_t room = 0;

 private:
  std::unique_ptr<net::Stream> inner_;
};

TEST_F(Http2ConnectionTest, an_idle_connection_holds_little_memory_for_reads) {
  auto streams = net::testing::make_stream_pair(loop, {.buffered_bytes_max = 1024 * 1024});
  auto watched = std::make_unique<WatchedStream>(std::move(streams.second));
  const auto& room = watched->room;
  client = Http2Connection::client(std::move(streams.first), {});
  server = Http2Connection::server(std::move(watched), {}, handler, drain);
  background.spawn(run_connection, client, &client_end);
  background.spawn(run_connection, server, &server_end);
  EXPECT_EQ(block_on(loop, call, client.get(), std::string{"hello"}), "hello");
  EXPECT_EQ(room, 4096U);
  const auto upload = client->open(kRequest, false);
  ASSERT_TRUE(upload);
  ASSERT_TRUE((*upload)->send(std::string(200'000, 'x'), false));
  loop.run_ready();
  EXPECT_EQ(room, 32U * 1024);
  ASSERT_TRUE((*upload)->send("the end", true));
  loop.run_ready();
  EXPECT_EQ(room, 4096U);
}

TEST_F(Http2ConnectionTest, a_reset_stops_its_handler_in_the_next_turn_after_it_is_read) {
  auto& stream = start_server();
  handler.function = wait_for_ever;
  Silent silent;
  wire::http2::Session peer{wire::http2::Role::kClient, {}, silent};
  std::string bytes;
  const auto request = peer.submit_request(kRequest, false);
  ASSERT_TRUE(request && peer.produce(bytes));
  write_now(stream, bytes);
  loop.run_ready();
  ASSERT_EQ(handler.running, 1);
  peer.reset(*request, wire::http2::ErrorCode::kCancel);
  bytes.clear();
  ASSERT_TRUE(peer.produce(bytes));
  write_now(stream, bytes);  // what reads it stands in the loop's queue now, before the count
  int turns = 0;
  std::function<void()> count = [&] {
    if (handler.running == 0) return;
    ++turns;
    loop.post(count);
  };
  loop.post(count);
  loop.run_ready();
  EXPECT_EQ(handler.running, 0);
  EXPECT_EQ(turns, 1);
}

Task<Result<std::size_t>> receive_some(net::Stream* stream, wire::http2::Session* session) {
  std::array<char, 4096> buffer;
  const std::size_t size = co_await or_return(co_await stream->read_some(buffer));
  co_await or_return(session->receive({buffer.data(), size}));
  co_return size;
}

TEST_F(Http2ConnectionTest, an_answer_is_read_though_the_peer_takes_nothing_more) {
  auto streams = net::testing::make_stream_pair(loop, {.buffered_bytes_max = 200'000});
  client = Http2Connection::client(std::move(streams.first), {});
  raw = std::move(streams.second);
  background.spawn(run_connection, client, &client_end);
  const auto answered = open("x");
  loop.run_ready();
  Silent silent;
  wire::http2::Session peer{wire::http2::Role::kServer, {}, silent};
  ASSERT_TRUE(block_on(loop, receive_some, raw.get(), &peer));
  ASSERT_TRUE(peer.submit_response(answered->id(), {{":status", "200"}}, false));
  ASSERT_TRUE(peer.send_data(answered->id(), std::string(100'000, 'x'), true));
  std::string answer;
  ASSERT_TRUE(peer.produce(answer));

  const auto too_late = open("y");  // its write fails before the answer has been read
  write_now(*raw, answer);
  raw->close();
  loop.run_ready();
  EXPECT_TRUE(answered->ended());
  EXPECT_EQ(answered->take_data().size(), 100'000);
  EXPECT_EQ(too_late->failure().code(), Code::kUnavailable);
  EXPECT_TRUE(client_end.has_value());
}

}  // namespace
}  // namespace hal::transport
