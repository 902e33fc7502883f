// What a server answers to requests that are wrong, or spelled unusually.
#include <hal/rpc/message.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_peer.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::rpc {
namespace {

using testing::raw_call;
using testing::RawResponse;
using testing::request;

std::string framed(std::string text) { return frame_message(request(std::move(text))).value(); }

class RpcServerTest : public testing::EchoTest {
 protected:
  RpcServerTest() {
    start_server(
        {.http2 = {.settings = {.header_list_bytes = 16 * 1024}}, .message_bytes_max = 100});
  }

  RawResponse call(const Headers& headers, std::string body) {
    auto response = host.run(raw_call, &host.network(), &host.background(),
                             net::Endpoint{"127.0.0.1", kPort}, headers, std::move(body));
    EXPECT_TRUE(response) << response.error().to_string();
    return response ? std::move(*response) : RawResponse{};
  }
  /// A good request but for what `changes` sets.
  static Headers headers_with(const Headers& changes) {
    Headers headers{
        {":method", "POST"},    {":scheme", "http"}, {":path", "/test.rpc.Echo/Say"},
        {":authority", "echo"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
    Headers changed;
    for (const auto field : headers) {
      changed.add(field.name, changes.get(field.name).value_or(field.value));
    }
    for (const auto field : changes) {
      if (!changed.contains(field.name)) changed.add(field.name, field.value);
    }
    return changed;
  }
};

struct Case {
  std::string name;
  Headers changes;
  std::string body;
  Code code;
  std::string message{};
};

TEST_F(RpcServerTest, answers_with_a_status_that_says_what_is_wrong) {
  const std::string good = framed("x");
  for (const auto& [name, changes, body, code, message] : std::initializer_list<Case>{
           {"good", {}, good, Code::kOk},
           {"+proto", {{"content-type", "application/grpc+proto"}}, good, Code::kOk},
           {"charset", {{"content-type", "application/grpc;charset=utf-8"}}, good, Code::kOk},
           {"unknown fields",
            {},
            framed("x").replace(0, 5, std::string("\0\0\0\0\6", 5)) + "\x98\x06\x01",
            Code::kOk},
           {"malformed timeout", {{"grpc-timeout", "soon"}}, good, Code::kOk},
           {"no time left", {{"grpc-timeout", "0n"}}, good, Code::kDeadlineExceeded, "deadline"},
           {"unknown method",
            {{":path", "/test.rpc.Echo/Nope"}},
            good,
            Code::kUnimplemented,
            "unknown method Nope for service test.rpc.Echo"},
           {"unknown service",
            {{":path", "/test.rpc.Other/Say"}},
            good,
            Code::kUnimplemented,
            "unknown service test.rpc.Other"},
           {"no method", {{":path", "/"}}, good, Code::kUnimplemented, "malformed method name"},
           {"streaming",
            {{":path", "/test.rpc.Echo/Watch"}},
            good,
            Code::kUnimplemented,
            "streaming is not served"},
           {"no message", {}, "", Code::kInternal, "the request message is missing"},
           {"two messages", {}, good + good, Code::kInternal, "more than one request message"},
           {"cut message", {}, good.substr(0, good.size() - 1), Code::kInternal},
           {"cut prefix", {}, good.substr(0, 3), Code::kInternal},
           {"no protobuf",
            {},
            std::string("\0\0\0\0\1\xff", 6),
            Code::kInternal,
            "are no test.rpc.Request"},
           {"too large", {}, framed(std::string(101, 'x')), Code::kResourceExhausted},
           {"compressed",
            {{"grpc-encoding", "snappy"}},
            std::string("\1\0\0\0\1x", 6),
            Code::kUnimplemented,
            "snappy"},
           {"compressed with nothing", {}, std::string("\1\0\0\0\1x", 6), Code::kInternal},
       }) {
    SCOPED_TRACE(name);
    const auto response = call(headers_with(changes), body);
    EXPECT_EQ(response.headers.get(":status"), "200");
    EXPECT_EQ(response.headers.get("content-type"), "application/grpc");
    const bool knows_no_such_encoding = changes.get("grpc-encoding") == "snappy";
    EXPECT_EQ(response.headers.get("grpc-accept-encoding").value_or(""),
              knows_no_such_encoding ? "identity,gzip" : "");
    const bool trailers_only = response.trailers.empty();
    const auto status = status_from(trailers_only ? response.headers : response.trailers);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code(), code) << status->to_string();
    EXPECT_NE(status->message().find(message), std::string::npos) << status->message();
    EXPECT_EQ(trailers_only, code != Code::kOk);
    EXPECT_EQ(response.body, code == Code::kOk ? good : "");
  }
}

struct RefusedCase {
  std::string name;
  Headers changes;
  std::string_view status;
};

TEST_F(RpcServerTest, refuses_what_is_no_grpc_in_terms_of_http) {
  const telemetry::testing::CapturedLogs logs;
  for (const auto& [name, changes, status] : std::initializer_list<RefusedCase>{
           {"JSON", {{"content-type", "application/json"}}, "415"},
           {"thrift in gRPC", {{"content-type", "application/grpc+thrift"}}, "415"},
           {"a longer word", {{"content-type", "application/grpc+jsonx"}}, "415"},
           {"gRPC-Web", {{"content-type", "application/grpc-web"}}, "415"},
           {"nothing", {{"content-type", ""}}, "415"},
           {"GET", {{":method", "GET"}}, "405"},
           {"PUT", {{":method", "PUT"}}, "405"},
       }) {
    SCOPED_TRACE(name);
    const auto response = call(headers_with(changes), framed("x"));
    EXPECT_EQ(response.headers.get(":status"), status);
    EXPECT_EQ(response.headers.get("allow").value_or(""), status == "405" ? "POST" : "");
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(echo.calls, 0);
  using service::Protocol;
  EXPECT_EQ(host.refused.counts(), (std::vector<service::Refusals::Count>{
                                       {Protocol::kGrpc, 405, 2}, {Protocol::kGrpc, 415, 5}}));
  EXPECT_EQ(logs.count("grpc request refused with 415: content-type 'application/json' is not"),
            1U);
  EXPECT_EQ(logs.count("grpc request refused with 405: the method is not POST"), 1U);
}

std::string framed_json(std::string_view json) {
  std::string bytes;
  wire::grpc::write_message(json, bytes);
  return bytes;
}

TEST_F(RpcServerTest, json_messages) {
  for (const std::string type : {"application/grpc+json", "application/grpc+json;charset=utf-8"}) {
    const auto response =
        call(headers_with({{"content-type", type}}), framed_json(R"({"text": "Gr\u00fc\u00dfe"})"));
    EXPECT_EQ(response.headers.get("content-type"), "application/grpc+json");
    EXPECT_EQ(status_from(response.trailers), Status{});
    EXPECT_EQ(response.body, framed_json("{\"text\":\"Grüße\"}"));
  }
}

TEST_F(RpcServerTest, json_that_is_no_such_message) {
  for (const std::string json : {"", "{", "[]", R"({"nothing": 1})", R"({"text": 1})",
                                 R"({"code": -1})", "{\"text\":\"\xff\"}"}) {
    SCOPED_TRACE(json);
    const auto response =
        call(headers_with({{"content-type", "application/grpc+json"}}), framed_json(json));
    const auto status = status_from(response.headers);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->code(), Code::kInternal);
    EXPECT_NE(status->message().find("test.rpc.Request"), std::string::npos) << status->message();
    EXPECT_EQ(response.headers.get("content-type"), "application/grpc+json");
  }
  EXPECT_EQ(echo.calls, 0);
}

TEST_F(RpcServerTest, metadata_over_the_limit) {
  Headers changes;
  for (int i = 0; i < 3; ++i) changes.add(fmt::format("x-{}", i), std::string(8'000, 'v'));
  const auto response = call(headers_with(changes), framed("x"));
  EXPECT_EQ(response.headers.get(":status"), "200");
  const auto status = status_from(response.headers);
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, (Status{Code::kResourceExhausted, "the metadata has more than 16384 bytes"}));
  EXPECT_EQ(echo.calls, 0);
}

Task<Result<testing::Reply>> wait_a_moment(const testing::EchoClient* client) {
  auto message = request("x");
  message.set_wait_ms(300);
  co_return co_await client->wait(message);
}

TEST_F(RpcServerTest, connections_that_grow_old_cost_no_call) {
  service::testing::TestHost other;
  other.listen_on.port = kPort;
  other.registry().put("echo", "127.0.0.1:40000");
  Status ended;
  other.background().spawn(testing::serve, static_cast<service::Host*>(&other),
                           static_cast<Service*>(&echo),
                           ServerOptions{.http2 = {.age_max = std::chrono::seconds{10},
                                                   .age_grace = std::chrono::seconds{1}}},
                           &ended);
  other.manual_loop().run_ready();
  const testing::EchoClient client{Channel{other, "echo"}};
  for (int i = 0; i < 200; ++i) {  // a minute
    const auto reply = other.run(wait_a_moment, &client);
    ASSERT_TRUE(reply) << i << ": " << reply.error().to_string();
  }
  EXPECT_GE(other.memory().connects(), 5);
  other.shut_down();
}

TEST_F(RpcServerTest, says_when_its_port_is_taken) {
  Status second{};
  host.background().spawn(testing::serve, static_cast<service::Host*>(&host),
                          static_cast<Service*>(&echo), ServerOptions{}, &second);
  host.manual_loop().run_ready();
  EXPECT_EQ(second.code(), Code::kAlreadyExists);
  EXPECT_EQ(server_ended.code(), Code::kUnknown);
}

TEST_F(RpcServerTest, tells_its_host_where_it_listens) {
  ASSERT_EQ(host.listening.size(), 1);
  EXPECT_EQ(host.listening[0].protocol, service::Protocol::kGrpc);
  EXPECT_EQ(host.listening[0].endpoint.port, kPort);
}

TEST_F(RpcServerTest, ends_when_the_host_drains) {
  host.drain().start();
  host.manual_loop().run_ready();
  EXPECT_EQ(server_ended, Status{});
}

}  // namespace
}  // namespace hal::rpc
