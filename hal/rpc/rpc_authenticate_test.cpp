// A server behind layers::Authenticate, called by clients with and without a token.
#include <hal/rpc/metadata.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/service/layers/authenticate/authenticate.hpp>
#include <hal/service/testing/test_token_verifier.hpp>

#include <hal/internal/health.pb.h>

namespace hal::rpc {
namespace {

using testing::EchoClient;
using testing::Reply;
using testing::Request;

/// Answers with the caller's name.
class WhoService final : public test::rpc::EchoService {
 public:
  Task<Result<Reply>> say(Request) override { return answer(); }
  Task<Result<Reply>> fail(Request) override { return answer(); }
  Task<Result<Reply>> wait(Request) override { return answer(); }
  Task<Result<Reply>> panic(Request) override { return answer(); }

 private:
  static Task<Result<Reply>> answer() {
    const auto identity = current_identity();
    Reply reply;
    reply.set_text(identity == nullptr ? "nobody" : identity->subject());
    co_return reply;
  }
};

Task<> serve_behind(service::Host* host, Service* service, service::TokenVerifier* verifier) {
  (void)co_await Server{*host}
      .add(*service)
      .layer(std::make_shared<layers::Authenticate>(
          *verifier,
          layers::AuthenticateOptions{.roles = {"admin"}, .open_methods = {"test.rpc.Echo/Wait"}}))
      .run();
}

Task<Result<Reply>> say(const EchoClient* client, CallOptions options) {
  co_return co_await client->say(Request{}, std::move(options));
}
Task<Result<Reply>> wait(const EchoClient* client) { co_return co_await client->wait(Request{}); }

Task<Result<>> check_health(const Channel* channel) {
  const hal::internal::health::HealthCheckRequest request;
  hal::internal::health::HealthCheckResponse reply;
  co_return co_await channel->unary("/grpc.health.v1.Health/Check", request, reply, {});
}

class RpcAuthenticateTest : public ::testing::Test {
 protected:
  RpcAuthenticateTest() {
    verifier_.put("jo", {.subject = "jo", .roles = {"user"}});
    verifier_.put("ada", {.subject = "ada", .roles = {"admin"}});
    host_.listen_on.port = 40000;
    host_.registry().put("echo", "127.0.0.1:40000");
    host_.background().spawn(serve_behind, static_cast<service::Host*>(&host_),
                             static_cast<Service*>(&who_),
                             static_cast<service::TokenVerifier*>(&verifier_));
    host_.manual_loop().run_ready();
  }
  std::string say_as(std::string_view token) {
    CallOptions options;
    if (!token.empty()) options.metadata.add("authorization", fmt::format("Bearer {}", token));
    const EchoClient client{channel_};
    const auto reply = host_.run(say, &client, std::move(options));
    return reply ? reply->text() : std::string{name(reply.error().code())};
  }

  WhoService who_;
  service::testing::TestTokenVerifier verifier_;
  service::testing::TestHost host_;
  const Channel channel_{host_, "echo"};
};

TEST_F(RpcAuthenticateTest, AMethodKnowsItsCaller) { EXPECT_EQ(say_as("ada"), "ada"); }

TEST_F(RpcAuthenticateTest, OthersAreTurnedAway) {
  EXPECT_EQ(say_as(""), "UNAUTHENTICATED");
  EXPECT_EQ(say_as("eve"), "UNAUTHENTICATED");
  EXPECT_EQ(say_as("jo"), "PERMISSION_DENIED");
  verifier_.failure = {Code::kUnavailable, "away"};
  EXPECT_EQ(say_as("ada"), "UNAVAILABLE");
}

TEST_F(RpcAuthenticateTest, OpenMethodsAndHealthNeedNoToken) {
  const EchoClient client{channel_};
  const auto open = host_.run(wait, &client);
  ASSERT_TRUE(open) << open.error().to_string();
  EXPECT_EQ(open->text(), "nobody");
  EXPECT_TRUE(host_.run(check_health, &channel_));
}

}  // namespace
}  // namespace hal::rpc
