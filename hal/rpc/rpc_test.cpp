// Calls through a client and a server, as users make them.
#include <hal/async/deadline.hpp>
#include <hal/async/when_all.hpp>
#include <hal/rpc/testing/echo_service.hpp>

namespace hal::rpc {
namespace {

using namespace std::chrono_literals;
using testing::EchoClient;
using testing::Reply;
using testing::Request;
using testing::request;

class RpcTest : public testing::EchoTest {};

Task<Result<Reply>> say(const EchoClient* client, Request message, CallOptions options) {
  co_return co_await client->say(std::move(message), std::move(options));
}
Task<Result<Reply>> fail(const EchoClient* client, Request message, CallOptions options) {
  co_return co_await client->fail(std::move(message), std::move(options));
}
Task<Result<Reply>> wait(const EchoClient* client, Request message, CallOptions options) {
  co_return co_await client->wait(std::move(message), std::move(options));
}
Task<Result<Reply>> panic(const EchoClient* client) {
  co_return co_await client->panic(request("now"));
}

/// The reply's text, or the error's.
std::string text_of(const Result<Reply>& reply) {
  return reply ? reply->text() : reply.error().to_string();
}

Request wait_request(std::uint32_t milliseconds) {
  Request made = request("done");
  made.set_wait_ms(milliseconds);
  return made;
}

TEST_F(RpcTest, a_unary_call) {
  start_server();
  const auto greeter = client();
  for (const std::string text : {"hello", "", "Grüße"}) {
    const auto reply = host.run(say, &greeter, request(text), CallOptions{});
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(reply->text(), text);
  }
  EXPECT_EQ(echo.calls, 3);
  EXPECT_EQ(host.memory().connects(), 1);
}

TEST_F(RpcTest, a_service_by_the_name_that_its_registry_has) {
  start_server();
  for (const char* name : {"echo:9000", "k8s://devel/greeter:grpc", "team/echo service"}) {
    host.registry().put(name, "127.0.0.1:40000");
    const EchoClient greeter{Channel{host, name}};
    EXPECT_EQ(text_of(host.run(say, &greeter, request("hello"), CallOptions{})), "hello") << name;
  }
}

TEST_F(RpcTest, every_piece_in_bytes_of_its_own) {
  service::testing::TestHost slow{net::testing::MemoryOptions{.one_byte_at_a_time = true}};
  slow.listen_on.port = kPort;
  slow.registry().put("echo", "127.0.0.1:40000");
  slow.background().spawn(testing::serve, static_cast<service::Host*>(&slow),
                          static_cast<Service*>(&echo), ServerOptions{}, &server_ended);
  slow.manual_loop().run_ready();
  const EchoClient greeter{Channel{slow, "echo"}};
  EXPECT_EQ(text_of(slow.run(say, &greeter, request("hello"), CallOptions{})), "hello");
}

TEST_F(RpcTest, metadata_goes_both_ways) {
  start_server();
  const auto greeter = client();
  CallOptions options;
  Headers initial;
  Headers trailing;
  options.initial_metadata = &initial;
  options.trailing_metadata = &trailing;
  ASSERT_TRUE(add_metadata("x-text", "plain", options.metadata));
  ASSERT_TRUE(add_metadata("x-data-bin", std::string_view{"\0\n\xff", 3}, options.metadata));
  ASSERT_TRUE(host.run(say, &greeter, request("hello"), options));
  EXPECT_EQ(echo.text_metadata, "plain");
  EXPECT_EQ(echo.binary_metadata, std::string("\0\n\xff", 3));
  EXPECT_EQ(initial.size(), 2);
  EXPECT_EQ(metadata_value(initial, "x-initial"), "first");
  EXPECT_EQ(metadata_value(initial, "x-initial-bin"), std::string("\0\xff", 2));
  EXPECT_EQ(trailing.size(), 1);
  EXPECT_EQ(metadata_value(trailing, "x-trailing"), "last");
}

TEST_F(RpcTest, metadata_of_a_request_over_a_limit_is_not_sent) {
  start_server({.http2 = {.settings = {.header_list_bytes = 16 * 1024}}});
  const auto greeter = client({.idempotent = true});
  for (const auto size : {std::size_t{17'000}, std::size_t{70'000}}) {
    CallOptions options;
    ASSERT_TRUE(add_metadata("x-text", std::string(size, 'x'), options.metadata));
    const auto reply = host.run(say, &greeter, request("hello"), options);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), Code::kResourceExhausted);
    EXPECT_NE(reply.error().message().find("the server's limit of 16384 bytes"), std::string::npos)
        << reply.error().message();
  }
  EXPECT_EQ(echo.calls, 0);
  EXPECT_EQ(text_of(host.run(say, &greeter, request("hello"), CallOptions{})), "hello");
  EXPECT_EQ(host.memory().connects(), 1);
}

TEST_F(RpcTest, the_clients_own_limit_holds_for_what_it_sends) {
  start_server({.http2 = {.settings = {.header_list_bytes = 1024 * 1024}}});
  const auto greeter = client();
  CallOptions options;
  ASSERT_TRUE(add_metadata("x-text", std::string(70'000, 'x'), options.metadata));
  const auto reply = host.run(say, &greeter, request("hello"), options);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kResourceExhausted);
  EXPECT_NE(reply.error().message().find("the client's limit of 65536 bytes"), std::string::npos)
      << reply.error().message();
  EXPECT_EQ(echo.calls, 0);
}

TEST_F(RpcTest, an_answer_over_the_clients_limit_becomes_an_error_that_fits) {
  start_server({.http2 = {.settings = {.header_list_bytes = 1024 * 1024}}});
  const auto greeter = client();
  const std::string big(70'000, 'x');
  const auto expect_refused = [](const Result<Reply>& reply) {
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), Code::kResourceExhausted);
    EXPECT_NE(reply.error().message().find("the client's limit of 65536 bytes"), std::string::npos)
        << reply.error().message();
  };
  echo.more_initial = big;
  expect_refused(host.run(say, &greeter, request("hello"), CallOptions{}));
  echo.more_initial.clear();
  echo.more_trailing = big;
  expect_refused(host.run(say, &greeter, request("hello"), CallOptions{}));
  echo.more_trailing.clear();
  Request failing = request(big);
  failing.set_code(5);
  expect_refused(host.run(fail, &greeter, failing, CallOptions{}));
  EXPECT_EQ(text_of(host.run(say, &greeter, request("hello"), CallOptions{})), "hello");
  EXPECT_EQ(host.memory().connects(), 1);
}

TEST_F(RpcTest, a_status_of_each_code_and_any_text) {
  start_server();
  const auto greeter = client();
  for (std::uint32_t code = 1; code <= 16; ++code) {
    Request message = request(code % 2 == 0 ? "" : "100 % Übel\n");
    message.set_code(code);
    Headers trailing;
    const auto reply =
        host.run(fail, &greeter, message, CallOptions{.trailing_metadata = &trailing});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error(), (Status{static_cast<Code>(code), message.text()}));
    EXPECT_EQ(metadata_value(trailing, "x-trailing"), "why");
  }
}

TEST_F(RpcTest, an_exception_of_the_handler_tells_the_caller_nothing) {
  start_server();
  const auto greeter = client();
  const auto reply = host.run(panic, &greeter);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error(), (Status{Code::kInternal, "internal error"}));
  EXPECT_TRUE(host.run(say, &greeter, request("still here"), CallOptions{}));
}

TEST_F(RpcTest, the_callers_timeout_is_the_handlers_deadline) {
  start_server();
  const auto greeter = client();
  const TimePoint start = host.loop().now();
  const auto reply = host.run(wait, &greeter, wait_request(60'000), CallOptions{.timeout = 200ms});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(host.loop().now() - start, 200ms);
  EXPECT_EQ(echo.time_left, 200ms);
  host.manual_loop().run_ready();
  EXPECT_EQ(echo.waiting, 0);
  EXPECT_EQ(echo.stopped.code(), Code::kDeadlineExceeded);
}

Task<Result<Reply>> wait_within(const EchoClient* client, Duration time) {
  co_return co_await timeout(time, client->wait(wait_request(60'000), {.timeout = 1h}));
}

TEST_F(RpcTest, the_contexts_deadline_holds_when_it_is_earlier) {
  start_server();
  const auto greeter = client();
  const auto reply = host.run(wait_within, &greeter, Duration{300ms});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(echo.time_left, 300ms);
}

TEST_F(RpcTest, a_call_without_a_deadline_gets_the_channels) {
  start_server();
  const auto greeter = client({.default_timeout = 7s});
  const auto reply = host.run(wait, &greeter, wait_request(60'000), CallOptions{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(echo.time_left, 7s);
}

TEST_F(RpcTest, an_answer_in_time) {
  start_server();
  const auto greeter = client();
  EXPECT_EQ(text_of(host.run(wait, &greeter, wait_request(100), CallOptions{})), "done");
  EXPECT_TRUE(echo.stopped.ok());
}

Task<> keep(const EchoClient* client, std::optional<Result<Reply>>* out) {
  *out = co_await client->wait(wait_request(1'000));
}

Task<Result<>> change_mind(Scope& scope, const EchoClient* client,
                           std::optional<Result<Reply>>* out) {
  scope.spawn(keep, client, out);
  co_await or_return(co_await sleep(10ms));
  scope.cancel({Code::kCancelled, "changed my mind"});
  co_return Result<>{};
}

Task<Result<>> call_and_cancel(const EchoClient* client, std::optional<Result<Reply>>* out) {
  co_return co_await with_scope(change_mind, client, out);
}

TEST_F(RpcTest, a_cancelled_call_cancels_its_handler) {
  start_server();
  const auto greeter = client();
  std::optional<Result<Reply>> outcome;
  ASSERT_TRUE(host.run(call_and_cancel, &greeter, &outcome));
  ASSERT_TRUE(outcome && !*outcome);
  EXPECT_EQ(outcome->error(), (Status{Code::kCancelled, "changed my mind"}));
  host.manual_loop().run_ready();
  EXPECT_EQ(echo.waiting, 0);
  EXPECT_EQ(echo.stopped.code(), Code::kCancelled);
  // The connection is as good as before.
  EXPECT_TRUE(host.run(say, &greeter, request("next"), CallOptions{}));
  EXPECT_EQ(host.memory().connects(), 1);
}

TEST_F(RpcTest, messages_have_a_limit_on_both_sides) {
  start_server({.message_bytes_max = 1000});
  const auto greeter = client({.message_bytes_max = 2000});
  auto reply = host.run(say, &greeter, request(std::string(1001, 'x')), CallOptions{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kResourceExhausted);
  EXPECT_EQ(echo.calls, 0);
  Request message;
  message.set_reply_bytes(1900);
  EXPECT_EQ(text_of(host.run(say, &greeter, message, CallOptions{})).size(), 1900);
  message.set_reply_bytes(2001);
  reply = host.run(say, &greeter, message, CallOptions{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), Code::kResourceExhausted);
}

TEST_F(RpcTest, large_messages_within_the_limit) {
  start_server();
  const auto greeter = client();
  const std::string text(3'000'000, 'y');
  const auto reply = host.run(say, &greeter, request(text), CallOptions{});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text(), text);
}

struct Item {
  const EchoClient* client;
  int number;
};
Task<Result<std::string>> say_number(Item item) {
  const auto reply = co_await or_return(item.client->say(request(std::to_string(item.number))));
  co_return reply.text();
}
Task<Result<std::vector<std::string>>> say_numbers(const EchoClient* client, int count) {
  // The first call brings the server's SETTINGS: until then HTTP/2 assumes 100 streams.
  co_await or_return(client->say(request("first")));
  std::vector<Item> items;
  for (int i = 0; i < count; ++i) items.push_back({client, i});
  co_return co_await when_all(std::move(items), say_number);
}

TEST_F(RpcTest, a_thousand_calls_at_once_share_a_connection) {
  start_server();
  const auto greeter = client();
  const auto replies = host.run(say_numbers, &greeter, 1000);
  ASSERT_TRUE(replies) << replies.error().to_string();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ((*replies)[static_cast<std::size_t>(i)], std::to_string(i));
  }
  EXPECT_EQ(host.memory().connects(), 1);
}

class Counting final : public service::Layer {
 public:
  Counting(std::string name, std::vector<std::string>* seen)
      : name_{std::move(name)}, seen_{seen} {}
  Task<> handle(service::Call& call, service::Next next) const override {
    seen_->push_back(fmt::format("{} {} {}", name_, call.method, call.path));
    co_await next(call);
    seen_->push_back(fmt::format("{} {}", name_, hal::name(call.status.code())));
  }

 private:
  std::string name_;
  std::vector<std::string>* seen_;
};

Task<> serve_with_layer(service::Host* host, Service* service, service::LayerPtr layer) {
  (void)co_await Server{*host}.layer(std::move(layer)).add(*service).run();
}

TEST_F(RpcTest, layers_see_each_call_from_outside_in) {
  std::vector<std::string> seen;
  host.around_client = {std::make_shared<Counting>("client", &seen)};
  host.around_server = {std::make_shared<Counting>("host", &seen)};
  host.background().spawn(serve_with_layer, static_cast<service::Host*>(&host),
                          static_cast<Service*>(&echo),
                          service::LayerPtr{std::make_shared<Counting>("server", &seen)});
  host.manual_loop().run_ready();
  const auto greeter = client();
  Request message = request("no");
  message.set_code(5);
  EXPECT_FALSE(host.run(fail, &greeter, message, CallOptions{}));
  EXPECT_EQ(seen,
            (std::vector<std::string>{"client test.rpc.Echo/Fail /test.rpc.Echo/Fail",
                                      "host test.rpc.Echo/Fail /test.rpc.Echo/Fail",
                                      "server test.rpc.Echo/Fail /test.rpc.Echo/Fail",
                                      "server NOT_FOUND", "host NOT_FOUND", "client NOT_FOUND"}));
}

TEST_F(RpcTest, a_channels_own_layers_are_in_place_of_the_hosts) {
  start_server();
  std::vector<std::string> seen;
  host.around_client = {std::make_shared<Counting>("host's", &seen)};
  const auto greeter =
      client({.layers = service::Layers{std::make_shared<Counting>("own", &seen)}});
  EXPECT_TRUE(host.run(say, &greeter, request("hello"), CallOptions{}));
  EXPECT_EQ(seen, (std::vector<std::string>{"own test.rpc.Echo/Say /test.rpc.Echo/Say", "own OK"}));
}

}  // namespace
}  // namespace hal::rpc
