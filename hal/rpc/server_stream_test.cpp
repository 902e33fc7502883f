// Streams of messages as a service sees them, whatever the call kind; and many of them at once.
#include <hal/rpc/server_stream.hpp>

#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_call.hpp>

namespace hal::rpc {
namespace {

using testing::RawCall;
using testing::Reply;
using testing::Request;
using testing::request;

/// Methods of every kind, written by hand.
class StreamService final : public Service {
 public:
  [[nodiscard]] std::string_view full_name() const noexcept override { return "test.Streams"; }
  [[nodiscard]] std::span<const Method> methods() const noexcept override {
    static constexpr Method kMethods[] = {
        {"Collect", MethodKind::kClientStreaming, &collect},
        {"Repeat", MethodKind::kServerStreaming, &repeat},
        {"Echo", MethodKind::kBidiStreaming, &echo},
        {"Slow", MethodKind::kBidiStreaming, &slow},
    };
    return kMethods;
  }

  static Task<Result<>> collect(Service&, ServerStream& stream) {
    Reply reply;
    for (Request message; co_await or_return(stream.read(message));) {
      reply.mutable_text()->append(message.text());
    }
    co_return stream.write(reply);
  }
  /// `code` times a reply of `reply_bytes`.
  static Task<Result<>> repeat(Service& self, ServerStream& stream) {
    Request message;
    co_await or_return(stream.read_only(message));
    Reply reply;
    reply.set_text(std::string(message.reply_bytes(), 'x'));
    for (std::uint32_t i = 0; i < message.code(); ++i) {
      co_await or_return(stream.write(reply));
      ++static_cast<StreamService&>(self).written;
      co_await or_return(stream.writable());
    }
    co_return Result<>{};
  }
  static Task<Result<>> echo(Service&, ServerStream& stream) {
    for (Request message; co_await or_return(stream.read(message));) {
      if (message.code() != 0) co_return error(code_from_number(message.code()), message.text());
      Reply reply;
      reply.set_text(message.text());
      co_await or_return(stream.write(reply));
    }
    co_return Result<>{};
  }
  /// Takes a message each second.
  static Task<Result<>> slow(Service& self, ServerStream& stream) {
    for (Request message; co_await or_return(stream.read(message));) {
      ++static_cast<StreamService&>(self).taken;
      co_await or_return(co_await sleep(std::chrono::seconds{1}));
    }
    co_return Result<>{};
  }

  std::uint32_t written = 0;
  int taken = 0;
};

class ServerStreamTest : public testing::EchoTest {
 protected:
  ~ServerStreamTest() override { host.shut_down(); }

  void start(const ServerOptions& options = {}) {
    host.background().spawn(testing::serve, static_cast<service::Host*>(&host),
                            static_cast<Service*>(&streams), options, &server_ended);
    host.manual_loop().run_ready();
    connection = testing::open_connection(host, kPort);
    host.manual_loop().run_ready();
  }
  static std::string next(RawCall& call) {
    const auto reply = call.next<Reply>();
    return reply ? reply->text() : "nothing";
  }

  StreamService streams;
  std::shared_ptr<transport::Http2Connection> connection;
};

TEST_F(ServerStreamTest, many_messages_in_and_one_out) {
  start();
  RawCall call{host, *connection, "/test.Streams/Collect"};
  call.send(request("a")).send(request("")).send(request("b"));
  EXPECT_EQ(next(call), "nothing");
  call.end();
  EXPECT_EQ(next(call), "ab");
  EXPECT_EQ(call.status(), Status{});
}

TEST_F(ServerStreamTest, a_conversation) {
  start();
  RawCall call{host, *connection, "/test.Streams/Echo"};
  for (const std::string text : {"one", "two"}) {
    call.send(request(text));
    EXPECT_EQ(next(call), text);
  }
  // No default deadline: it lasts as long as its caller wants.
  host.manual_loop().advance(std::chrono::hours{24});
  EXPECT_FALSE(call.status());
  call.send(request("still here"));
  EXPECT_EQ(next(call), "still here");
  Request last = request("enough");
  last.set_code(9);
  call.send(last);
  EXPECT_EQ(call.status(), (Status{Code::kFailedPrecondition, "enough"}));
}

TEST_F(ServerStreamTest, an_empty_conversation) {
  start();
  RawCall call{host, *connection, "/test.Streams/Echo"};
  call.end();
  EXPECT_EQ(next(call), "nothing");
  EXPECT_EQ(call.status(), Status{});
}

TEST_F(ServerStreamTest, a_reader_that_stops_stops_the_writer) {
  start({.http2 = {.queued_high_bytes = 64 * 1024}});
  RawCall call{host, *connection, "/test.Streams/Repeat"};
  Request wanted;
  wanted.set_reply_bytes(32 * 1024);
  wanted.set_code(1000);
  call.send(wanted).end();
  // The client's window (1 MiB) and what may be queued, far from all the 1000.
  EXPECT_LT(streams.written, 50U);
  EXPECT_GT(streams.written, 30U);
  std::uint32_t read = 0;
  while (read < 1000) {
    while (call.next<Reply>()) ++read;
    host.manual_loop().run_ready();
    EXPECT_LE(streams.written - read, 50U);
    if (call.status() && read < 1000 && !call.stream().has_data()) break;
  }
  EXPECT_EQ(read, 1000U);
  EXPECT_EQ(call.status(), Status{});
}

TEST_F(ServerStreamTest, a_handler_that_stops_stops_the_client) {
  start({.http2 = {.settings = {.stream_window_bytes = 100'000}}});
  RawCall call{host, *connection, "/test.Streams/Slow"};
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += frame_message(request(std::string(10'000, 'x'))).value();
  ASSERT_TRUE(call.stream().send(bytes, true));
  host.manual_loop().run_ready();
  const auto left_to_send = [&] { return call.stream().queued_bytes(); };
  // One message is being worked on: what flows is what was taken with it, and one window more.
  EXPECT_EQ(streams.taken, 1);
  EXPECT_GT(left_to_send(), bytes.size() - 220'000);
  for (int i = 2; i <= 100; ++i) {
    host.manual_loop().advance(std::chrono::seconds{1});
    EXPECT_EQ(streams.taken, i);
    const auto sent = bytes.size() - left_to_send();
    EXPECT_LT(sent, static_cast<std::size_t>(i) * 10'010 + 220'000);
  }
  host.manual_loop().advance(std::chrono::seconds{1});
  EXPECT_EQ(call.status(), Status{});
}

TEST_F(ServerStreamTest, messages_larger_than_every_window) {
  start({.http2 = {.settings = {.stream_window_bytes = 65'535, .connection_window_bytes = 65'535}},
         .message_bytes_max = 20'000'000});
  RawCall call{host, *connection, "/test.Streams/Echo"};
  const std::string text(16'000'000, 'y');
  call.send(request(text));
  std::string reply;
  for (int i = 0; i < 1000 && reply.empty(); ++i) {
    const auto message = call.next<Reply>();
    if (message) reply = message->text();
    host.manual_loop().run_ready();
  }
  EXPECT_EQ(reply.size(), text.size());
  EXPECT_EQ(reply, text);
}

TEST_F(ServerStreamTest, a_client_that_goes_ends_the_handler) {
  start();
  {
    RawCall call{host, *connection, "/test.Streams/Slow"};
    call.send(request("x"));
    EXPECT_EQ(streams.taken, 1);
  }
  host.manual_loop().run_ready();
  EXPECT_EQ(connection->open_streams(), 0);
  host.manual_loop().advance(std::chrono::seconds{5});
  EXPECT_EQ(streams.taken, 1);
}

TEST_F(ServerStreamTest, ten_thousand_calls_at_once_over_ten_connections) {
  constexpr int kConnections = 10;
  constexpr int kEach = 1000;
  start_server();
  Request wait = request("done");
  wait.set_wait_ms(1000);
  const std::string bytes = frame_message(wait).value();
  std::vector<std::shared_ptr<transport::Http2Connection>> connections;
  std::vector<std::unique_ptr<RawCall>> calls;
  for (int i = 0; i < kConnections; ++i) {
    connections.push_back(testing::open_connection(host, kPort));
    host.manual_loop().run_ready();
    for (int j = 0; j < kEach; ++j) {
      calls.push_back(std::make_unique<RawCall>(host, *connections.back(), "/test.rpc.Echo/Wait"));
      ASSERT_TRUE(calls.back()->stream().send(bytes, true));
    }
    host.manual_loop().run_ready();
  }
  EXPECT_EQ(echo.waiting, kConnections * kEach);
  host.manual_loop().advance(std::chrono::seconds{1});
  int good = 0;
  for (const auto& call : calls) good += call->status() == Status{} && next(*call) == "done";
  EXPECT_EQ(good, kConnections * kEach);
  EXPECT_EQ(echo.waiting, 0);
}

}  // namespace
}  // namespace hal::rpc
