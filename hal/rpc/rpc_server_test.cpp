// What a server answers to requests that are wrong, or spelled unusually.
#include <hal/rpc/message.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_peer.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::rpc {
namespace {

using testing::raw_call;
using testing::RawResponse;
using testing::request;

std::string framed(std::string text) { return frame_message(request(std::move(text))).value(); }

class RpcServerTest : public testing::EchoTest {
 protected:
  RpcServerTest() { start_server({.message_bytes_max = 100}); }

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
            {{"grpc-encoding", "gzip"}},
            std::string("\1\0\0\0\1x", 6),
            Code::kUnimplemented,
            "gzip"},
           {"compressed with nothing", {}, std::string("\1\0\0\0\1x", 6), Code::kInternal},
       }) {
    SCOPED_TRACE(name);
    const auto response = call(headers_with(changes), body);
    EXPECT_EQ(response.headers.get(":status"), "200");
    EXPECT_EQ(response.headers.get("content-type"), "application/grpc");
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
  for (const auto& [name, changes, status] : std::initializer_list<RefusedCase>{
           {"JSON", {{"content-type", "application/json"}}, "415"},
           {"JSON in gRPC", {{"content-type", "application/grpc+json"}}, "415"},
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
