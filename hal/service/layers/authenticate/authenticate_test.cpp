#include <hal/service/layers/authenticate/authenticate.hpp>

#include <gmock/gmock.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/service/testing/test_call.hpp>
#include <hal/service/testing/test_token_verifier.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <fmt/format.h>

namespace hal::layers {
namespace {

using service::Call;
using service::Protocol;
using service::testing::TestTerminal;
using ::testing::ElementsAre;

Task<> notes_the_caller(Call&, std::vector<std::string>* seen) {
  const auto identity = current_identity();
  seen->push_back(identity == nullptr ? "nobody" : identity->subject());
  co_return;
}

class AuthenticateTest : public ::testing::Test {
 protected:
  AuthenticateTest() {
    verifier_.put("jo", {.subject = "jo", .roles = {"user"}, .token_id = "1"});
    verifier_.put("ada", {.subject = "ada", .roles = {"user", "admin"}});
  }

  /// "200 jo" or "<code>: <message> | <WWW-Authenticate>", and nobody has run then.
  std::string run(const Authenticate& layer, Call call = {}) {
    return run(service::Layers{std::make_shared<const Authenticate>(layer)}, call);
  }
  std::string run(const service::Layers& layers, Call call) {
    Headers out;
    std::vector<std::string> seen;
    call.request_headers = &in_;
    call.response_headers = &out;
    TestTerminal terminal{[&seen](Call& c) { return notes_the_caller(c, &seen); }};
    EXPECT_TRUE(hal::testing::run(service::testing::run_call_body, &layers, &terminal, &call));
    EXPECT_EQ(call.status.ok(), terminal.calls == 1);
    EXPECT_EQ(call.http_status, 0);
    if (call.status.ok()) return "OK " + seen.at(0);
    return fmt::format("{} | {}", call.status.to_string(),
                       out.joined("www-authenticate").value_or(""));
  }

  service::testing::TestTokenVerifier verifier_;
  Headers in_;
};

TEST_F(AuthenticateTest, PutsTheIdentityIntoTheContext) {
  in_ = {{"authorization", "Bearer jo"}};
  EXPECT_EQ(run(Authenticate{verifier_}), "OK jo");
  EXPECT_EQ(current_identity(), nullptr);
}

TEST_F(AuthenticateTest, ReadsTheHeaderAsRfc6750WritesIt) {
  const std::string challenge = R"(Bearer realm="hal9000")";
  const std::string needed =
      "UNAUTHENTICATED: a token is needed: Authorization: Bearer <token> | " + challenge;
  const std::string unknown =
      "UNAUTHENTICATED: no such token | " + challenge + R"(, error="invalid_token")";
  const std::pair<std::string, std::string> cases[] = {
      {"Bearer jo", "OK jo"},
      {"bearer jo", "OK jo"},
      {"BEARER   jo ", "OK jo"},
      {"", needed},
      {"Bearer", needed},
      {"Bearerjo", needed},
      {"Bearer\tjo", needed},
      {"jo", needed},
      {"Basic am86am8=", needed},
      {"Digest Bearer jo", needed},
      {"Bearer ", unknown},
      {"Bearer eve", unknown},
      {"Bearer Bearer jo", unknown},
      {"Bearer jo jo", unknown},
      {"Bearer jo, Bearer ada", unknown},
      {"Bearer jo\xff", unknown},
      {"Bearer j" + std::string(4096, 'o'),
       "UNAUTHENTICATED: the token has more than 4096 bytes | " + challenge +
           R"(, error="invalid_token")"},
  };
  for (const auto& [value, expected] : cases) {
    in_ = {{"authorization", value}};
    EXPECT_EQ(run(Authenticate{verifier_}), expected) << value.substr(0, 40);
  }
  in_ = {};
  EXPECT_EQ(run(Authenticate{verifier_}), needed);
  in_ = {{"cookie", "authorization=Bearer jo"}, {"x-authorization", "Bearer jo"}};
  EXPECT_EQ(run(Authenticate{verifier_}), needed);
}

TEST_F(AuthenticateTest, SeveralHeadersAreNone) {
  for (const char* second : {"Bearer jo", "Bearer ada", "Basic am86am8=", ""}) {
    in_ = {{"authorization", "Bearer jo"}, {"Authorization", second}};
    EXPECT_EQ(run(Authenticate{verifier_}),
              "INVALID_ARGUMENT: more than one Authorization header | "
              R"(Bearer realm="hal9000", error="invalid_request")");
  }
  EXPECT_EQ(verifier_.asked, 0);
}

TEST_F(AuthenticateTest, OneRoleOfThoseNamedIsNeeded) {
  const Authenticate admins{verifier_, {.roles = {"admin"}}};
  const Authenticate both{verifier_, {.roles = {"auditor", "user"}}};
  in_ = {{"authorization", "Bearer ada"}};
  EXPECT_EQ(run(admins), "OK ada");
  EXPECT_EQ(run(both), "OK ada");
  in_ = {{"authorization", "Bearer jo"}};
  EXPECT_EQ(run(both), "OK jo");
  EXPECT_EQ(run(admins),
            "PERMISSION_DENIED: the role admin is needed | "
            R"(Bearer realm="hal9000", error="insufficient_scope")");
  EXPECT_EQ(run(Authenticate{verifier_, {.roles = {"Admin", "root"}, .realm = "stars"}}),
            "PERMISSION_DENIED: the role Admin or root is needed | "
            R"(Bearer realm="stars", error="insufficient_scope")");
}

TEST_F(AuthenticateTest, AnInnerLayerAsksForMore) {
  const service::Layers layers{
      std::make_shared<const Authenticate>(verifier_),
      std::make_shared<const Authenticate>(verifier_, AuthenticateOptions{.roles = {"admin"}})};
  in_ = {{"authorization", "Bearer ada"}};
  EXPECT_EQ(run(layers, {}), "OK ada");
  in_ = {{"authorization", "Bearer jo"}};
  EXPECT_THAT(run(layers, {}), ::testing::StartsWith("PERMISSION_DENIED"));
}

Task<> knows_more(Call& call) {
  call.status = {Code::kUnauthenticated, "the token is revoked"};
  co_return;
}

TEST_F(AuthenticateTest, WhoeverElseRefusesTheTokenDoesSoWithAChallenge) {
  in_ = {{"authorization", "Bearer jo"}};
  Headers out;
  Call call{.path = "/me"};
  call.request_headers = &in_;
  call.response_headers = &out;
  TestTerminal terminal{knows_more};
  const service::Layers layers{std::make_shared<const Authenticate>(verifier_)};
  EXPECT_TRUE(hal::testing::run(service::testing::run_call_body, &layers, &terminal, &call));
  EXPECT_EQ(call.status.to_string(), "UNAUTHENTICATED: the token is revoked");
  EXPECT_EQ(out.joined("www-authenticate"), R"(Bearer realm="hal9000", error="invalid_token")");
}

TEST_F(AuthenticateTest, ARoleThatIsMissingIsAudited) {
  const telemetry::testing::CapturedLogs logs;
  in_ = {{"authorization", "Bearer jo"}};
  run(Authenticate{verifier_, {.roles = {"admin"}}}, {.path = "/users"});
  EXPECT_EQ(logs.count("audit: jo may not /users: the role admin is needed"), 1U);
}

TEST_F(AuthenticateTest, LetsNobodyInWhileNothingCanBeVerified) {
  const telemetry::testing::CapturedLogs logs;
  in_ = {{"authorization", "Bearer jo"}};
  verifier_.failure = {Code::kUnavailable, "the keys are older than 60 s"};
  EXPECT_EQ(run(Authenticate{verifier_}, {.path = "/me"}),
            "UNAVAILABLE: the keys are older than 60 s | ");
  EXPECT_EQ(logs.count("level=debug message=\"/me: no token can be verified: UNAVAILABLE"), 1U);
  verifier_.failure = {Code::kInternal, "broken"};
  EXPECT_EQ(run(Authenticate{verifier_}), "INTERNAL: broken | ");
}

TEST_F(AuthenticateTest, RpcsGetNoChallenge) {
  EXPECT_EQ(
      run(Authenticate{verifier_}, {.protocol = Protocol::kGrpc, .method = "auth.Auth/ListUsers"}),
      "UNAUTHENTICATED: a token is needed: Authorization: Bearer <token> | ");
  in_ = {{"authorization", "Bearer jo"}};
  EXPECT_EQ(run(Authenticate{verifier_, {.roles = {"admin"}}},
                {.protocol = Protocol::kGrpc, .method = "auth.Auth/ListUsers"}),
            "PERMISSION_DENIED: the role admin is needed | ");
}

TEST_F(AuthenticateTest, OpenMethodsAreThoseNamedAndHealth) {
  const Authenticate layer{verifier_, {.open_methods = {"auth.Auth/Verify"}}};
  const auto rpc = [&](std::string_view method) {
    return run(layer, {.protocol = Protocol::kGrpc, .method = method, .path = "/auth.Auth/Verify"})
        .substr(0, 15);
  };
  EXPECT_EQ(rpc("auth.Auth/Verify"), "OK nobody");
  EXPECT_EQ(rpc("grpc.health.v1.Health/Check"), "OK nobody");
  for (const char* closed :
       {"auth.Auth/VerifyAll", "auth.Auth/verify", "Auth/Verify", "/auth.Auth/Verify", "_OTHER", "",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(rpc(closed), "UNAUTHENTICATED") << closed;
  }
  // An HTTP request is no method, whatever it calls itself.
  EXPECT_THAT(run(layer, {.method = "auth.Auth/Verify"}), ::testing::StartsWith("UNAUTHENTICATED"));
}

TEST_F(AuthenticateTest, ARealmThatWouldBreakTheHeaderIsRefused) {
  EXPECT_DEATH((Authenticate{verifier_, {.realm = "a\", error=\"b"}}), "realm");
  EXPECT_DEATH((Authenticate{verifier_, {.realm = "a\r\nset-cookie: b"}}), "realm");
}

TEST(Identity, HasTheRolesItWasMadeWith) {
  const Identity identity{{.subject = "jo",
                           .roles = {"user", "audit"},
                           .token_id = "id",
                           .expires_at = std::chrono::sys_seconds{std::chrono::seconds{7}}}};
  EXPECT_EQ(identity.subject(), "jo");
  EXPECT_EQ(identity.token_id(), "id");
  EXPECT_EQ(identity.expires_at().time_since_epoch().count(), 7);
  EXPECT_THAT(identity.roles(), ElementsAre("user", "audit"));
  EXPECT_TRUE(identity.has_role("audit"));
  EXPECT_FALSE(identity.has_role("Audit"));
  EXPECT_FALSE(identity.has_role(""));
  EXPECT_EQ(current_identity(), nullptr);
}

}  // namespace
}  // namespace hal::layers
