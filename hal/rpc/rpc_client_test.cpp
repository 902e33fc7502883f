// What a client makes of answers that are wrong, and of connections that come and go.
#include <hal/async/when_all.hpp>
#include <hal/rpc/message.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_peer.hpp>
#include <hal/wire/testing/http2_pair.hpp>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;
using testing::EchoClient;
using testing::RawResponse;
using testing::RawServer;
using testing::Reply;
using testing::Request;
using testing::request;

Task<Result<Reply>> say(const EchoClient* client, CallOptions options) {
  co_return co_await client->say(request("x"), std::move(options));
}

std::string framed(std::string text) { return frame_message(request(std::move(text))).value(); }

class RpcClientTest : public testing::EchoTest {
 protected:
  ~RpcClientTest() override { host.shut_down(); }

  void start_raw(RawServer::Answer answer) {
    raw.emplace(std::move(answer));
    listener = host.memory().listen(host.loop(), {"", kPort}, {}).value();
    host.background().spawn(RawServer::serve, &*raw, &host.background(), listener.get());
  }
  Status call(CallOptions options = {}) {
    const auto reply = host.run(say, &greeter, std::move(options));
    return reply ? Status{} : reply.error();
  }

  std::optional<RawServer> raw;
  std::unique_ptr<net::Listener> listener;
  const EchoClient greeter = client();
};

const Headers kGood{{":status", "200"}, {"content-type", "application/grpc"}};

struct Case {
  std::string name;
  RawResponse response;
  Code code;
  std::string message{};
};

TEST_F(RpcClientTest, makes_a_status_of_every_answer) {
  const std::string good = framed("x");
  const Headers ok{{"grpc-status", "0"}};
  RawResponse response;
  start_raw([&response](int) { return response; });
  for (const auto& [name, sent, code, message] : std::initializer_list<Case>{
           {"good", {kGood, good, ok}, Code::kOk},
           {"trailers only",
            {{{":status", "200"},
              {"content-type", "application/grpc"},
              {"grpc-status", "5"},
              {"grpc-message", "no%20user"}},
             "",
             {}},
            Code::kNotFound,
            "no user"},
           {"trailers only, OK",
            {{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}},
             "",
             {}},
            Code::kInternal,
            "OK without a response message"},
           {"status behind a message", {kGood, good, {{"grpc-status", "10"}}}, Code::kAborted},
           {"no message", {kGood, "", ok}, Code::kInternal, "without a response message"},
           {"two messages", {kGood, good + good, ok}, Code::kInternal, "more than one response"},
           {"cut message", {kGood, good.substr(0, 6), ok}, Code::kInternal},
           {"no protobuf",
            {kGood, std::string("\0\0\0\0\1\xff", 6), ok},
            Code::kInternal,
            "are no test.rpc.Reply"},
           {"no status",
            {kGood, good, {{"x-other", "1"}}},
            Code::kInternal,
            "without a grpc-status"},
           {"no trailers", {kGood, good, {}}, Code::kInternal, "without a grpc-status"},
           {"strange status", {kGood, good, {{"grpc-status", "x"}}}, Code::kUnknown, "'x'"},
           {"status of the future", {kGood, good, {{"grpc-status", "77"}}}, Code::kUnknown},
           {"a proxy's 503",
            {{{":status", "503"}, {"content-type", "text/plain"}}, "no healthy upstream", {}},
            Code::kUnavailable,
            "HTTP 503"},
           {"404", {{{":status", "404"}}, "", {}}, Code::kUnimplemented, "HTTP 404"},
           {"401", {{{":status", "401"}}, "", {}}, Code::kUnauthenticated, "HTTP 401"},
           {"a page",
            {{{":status", "200"}, {"content-type", "text/html"}}, "<html>", {}},
            Code::kUnknown,
            "'text/html'"},
           {"reset", {}, Code::kCancelled, "CANCEL"},
       }) {
    SCOPED_TRACE(name);
    response = sent;
    const Status status = call();
    EXPECT_EQ(status.code(), code) << status.to_string();
    EXPECT_NE(status.message().find(message), std::string::npos) << status.message();
  }
  EXPECT_EQ(host.memory().connects(), 1);
}

/// Takes one connection and answers its first request with `answer`, whatever the client allows.
Task<Result<>> serve_bytes(net::Listener* listener, std::string answer) {
  wire::http2::testing::Recorder requests;
  wire::http2::Session session{wire::http2::Role::kServer, {}, requests};
  const auto stream = co_await or_return(co_await listener->accept());
  std::array<char, 4096> buffer;
  for (;;) {
    std::string out;
    co_await or_return(session.produce(out));
    if (!requests.log.empty()) out += std::exchange(answer, {});
    co_await or_return(co_await stream->write_all(out));
    const std::size_t size = co_await or_return(co_await stream->read_some(buffer));
    if (size == 0) co_return Result<>{};
    co_await or_return(session.receive({buffer.data(), size}));
  }
}

TEST_F(RpcClientTest, a_header_list_over_the_limit_ends_the_call) {
  const auto answer = wire::http2::testing::unlimited_answer([](wire::http2::Session& server) {
    Headers trailers{{"grpc-status", "0"}};
    for (int i = 0; i < 2; ++i) trailers.add("x", std::string(35'000, 'x'));
    ASSERT_TRUE(server.submit_response(1, kGood, false));
    ASSERT_TRUE(server.send_data(1, framed("x"), false));
    ASSERT_TRUE(server.send_trailers(1, trailers));
  });
  listener = host.memory().listen(host.loop(), {"", kPort}, {}).value();
  host.background().spawn(serve_bytes, listener.get(), answer);
  const Status status = call({.idempotent = true});
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_NE(status.message().find("more than 65536 bytes"), std::string::npos) << status.message();
}

TEST_F(RpcClientTest, a_goaway_between_calls_costs_no_call) {
  start_raw([](int) { return RawResponse{kGood, framed("x"), {{"grpc-status", "0"}}}; });
  EXPECT_EQ(call(), Status{});
  raw->drains[0]->start();
  // At once, before the client has seen the GOAWAY, and again afterwards.
  EXPECT_EQ(call(), Status{});
  host.manual_loop().run_ready();
  EXPECT_EQ(call(), Status{});
  EXPECT_EQ(host.memory().connects(), 2);
  EXPECT_EQ(raw->requests, 3);
}

Task<Result<Reply>> wait_a_moment(const EchoClient* client) {
  Request message = request("done");
  message.set_wait_ms(1000);
  co_return co_await client->wait(message);
}

Task<> cut_soon(service::testing::TestHost* host, std::uint16_t port) {
  (void)co_await sleep(100ms);
  host->memory().cut(port);
}

TEST_F(RpcClientTest, a_lost_connection_fails_the_call_and_the_next_one_connects) {
  start_server();
  EXPECT_EQ(call(), Status{});
  host.background().spawn(cut_soon, &host, kPort);
  const auto reply = host.run(wait_a_moment, &greeter);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kUnavailable);
  EXPECT_NE(reply.error().message().find("lost"), std::string::npos);
  EXPECT_EQ(echo.stopped.code(), Code::kCancelled);
  EXPECT_EQ(call(), Status{});
  EXPECT_EQ(host.memory().connects(), 2);
}

Task<> drain_soon(service::testing::TestHost* host) {
  (void)co_await sleep(100ms);
  host->drain().start();
}

TEST_F(RpcClientTest, a_server_that_drains_finishes_the_calls_it_has) {
  start_server();
  host.background().spawn(drain_soon, &host);
  const auto reply = host.run(wait_a_moment, &greeter);
  ASSERT_TRUE(reply) << reply.error().to_string();
  EXPECT_EQ(reply->text(), "done");
  host.manual_loop().run_ready();
  EXPECT_EQ(server_ended, Status{});
  EXPECT_EQ(call().code(), Code::kUnavailable);
}

TEST_F(RpcClientTest, says_why_there_is_no_connection) {
  EXPECT_EQ(call().code(), Code::kUnavailable);  // nobody listens
  start_server();
  host.memory().refuse(kPort);
  const Status refused = call();
  EXPECT_EQ(refused.code(), Code::kUnavailable);
  EXPECT_NE(refused.message().find("cannot reach 'echo'"), std::string::npos);
  host.memory().refuse(kPort, false);
  EXPECT_EQ(call(), Status{});

  const EchoClient nobody{Channel{host, "nobody"}};
  const auto reply = host.run(say, &nobody, CallOptions{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kUnavailable);
  EXPECT_NE(reply.error().message().find("no node of 'nobody'"), std::string::npos);
}

TEST_F(RpcClientTest, connecting_takes_no_longer_than_it_may) {
  start_server();
  host.memory().hang(kPort);
  const TimePoint start = host.loop().now();
  EXPECT_EQ(call({.timeout = 1s}).code(), Code::kDeadlineExceeded);
  EXPECT_EQ(host.loop().now() - start, 1s);
  EXPECT_EQ(call({.timeout = 10s}).code(), Code::kUnavailable);  // after connect_timeout
  EXPECT_EQ(host.loop().now() - start, 5s);
  host.memory().hang(kPort, false);
  host.manual_loop().advance(2s);
  EXPECT_EQ(call(), Status{});
}

TEST_F(RpcClientTest, an_instance_that_is_away_is_passed_over) {
  start_server();
  host.registry().put("echo", "127.0.0.1:1");
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(call(), Status{});
    host.memory().cut(kPort);
    host.manual_loop().run_ready();
  }
}

Task<Result<std::string>> wait_and_read(const EchoClient* client) {
  const auto reply = co_await or_return(wait_a_moment(client));
  co_return reply.text();
}

Task<Result<std::tuple<std::string, std::string, std::string>>> three_at_once(
    const EchoClient* client) {
  co_return co_await when_all(wait_and_read(client), wait_and_read(client), wait_and_read(client));
}

TEST_F(RpcClientTest, a_full_connection_gets_another_beside_it) {
  // The server takes one on each connection: each call gets its own.
  start_server({.http2 = {.settings = {.max_concurrent_streams = 1}}});
  const auto replies = host.run(three_at_once, &greeter);
  ASSERT_TRUE(replies) << replies.error().to_string();
  EXPECT_EQ(*replies, (std::tuple<std::string, std::string, std::string>{"done", "done", "done"}));
  EXPECT_EQ(host.memory().connects(), 3);
}

TEST_F(RpcClientTest, a_channel_that_is_gone_leaves_no_connection) {
  start_server();
  const auto before = host.background().active();
  {
    const EchoClient brief = client();
    ASSERT_TRUE(host.run(say, &brief, CallOptions{}));
    EXPECT_GT(host.background().active(), before);
  }
  host.manual_loop().run_ready();
  EXPECT_EQ(host.background().active(), before);
}

TEST_F(RpcClientTest, metadata_that_is_reserved_stays_at_home) {
  start_server();
  CallOptions options;
  options.metadata.add("grpc-timeout", "1n");
  options.metadata.add("x-text", "mine");
  EXPECT_EQ(call(options), Status{});
  EXPECT_EQ(echo.text_metadata, "mine");
}

TEST_F(RpcClientTest, a_node_with_a_bad_address_leaves_the_others) {
  start_server();
  host.registry().put("echo", "no address");
  for (int i = 0; i < 3; ++i) {  // each connection begins with the next node
    EXPECT_EQ(call(), Status{});
    host.memory().cut(kPort);
    host.manual_loop().run_ready();
  }
}

}  // namespace
}  // namespace hal::rpc
