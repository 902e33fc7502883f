#include "login.hpp"

#include <hal/http/testing/run_request.hpp>
#include <hal/identity/testing/test_issuer.hpp>
#include <hal/rpc/server.hpp>
#include <hal/service/layers/panic/panic.hpp>
#include <hal/service/testing/test_host.hpp>

#include "auth_source.hpp"

#include <gmock/gmock.h>

namespace api {
namespace {

using hal::Code;
using hal::error;
using hal::Headers;
using hal::Result;
using hal::Task;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace http = hal::http;

/// The auth service: knows the admin "ann", whose password is "correct horse", and says what it was
/// asked.
class FakeAuth final : public auth::AuthService {
 public:
  Task<Result<auth::VerifyReply>> verify(auth::VerifyRequest request) override {
    ++verified;
    client_address = request.client_address();
    if (!failure.ok()) {
      auto& call = co_await hal::rpc::server_call();
      if (!retry_after.empty()) {
        co_await or_return(call.add_trailing_metadata("retry-after", retry_after));
      }
      co_return error(failure);
    }
    if (request.username() != "ann" || request.password() != "correct horse") {
      co_return error(Code::kUnauthenticated, "wrong username or password");
    }
    auth::VerifyReply reply;
    reply.set_token(issuer.token("ann", "admin"));
    reply.set_expires_in_s(600);
    co_return reply;
  }
  Task<Result<auth::RevokeReply>> revoke(auth::RevokeRequest request) override {
    revoked = request;
    auto& changed = *changes.add_tokens();
    changed.set_id(fmt::format("id-{}", revoked_id));
    changed.set_expires_at_s(issuer.now.time_since_epoch().count() + 600);
    co_return auth::RevokeReply{};
  }
  Task<Result<auth::KeysReply>> keys(auth::KeysRequest) override {
    if (away) co_return error(Code::kUnavailable, "away");
    auth::KeysReply reply;
    for (const auto& known : issuer.keys) {
      auto& key = *reply.add_keys();
      key.set_kid(known.kid);
      key.set_ed25519_public_key(known.key.data(), known.key.size() - (bad_key ? 1 : 0));
    }
    co_return reply;
  }
  Task<Result<auth::RevocationsReply>> revocations(auth::RevocationsRequest request) override {
    since.push_back(request.since());
    changes.set_cursor(7);
    co_return std::exchange(changes, {});
  }
  Task<Result<auth::ListUsersReply>> list_users(auth::ListUsersRequest request) override {
    listed = request;
    auto& call = co_await hal::rpc::server_call();
    caller = call.metadata("authorization").value_or("");
    auth::ListUsersReply reply;
    auto& user = *reply.add_users();
    user.set_username("ann");
    user.set_role("admin");
    user.set_created_at_s(1'700'000'000);
    reply.set_total(41);
    co_return reply;
  }

  // What the api never asks.
  Task<Result<auth::AddUserReply>> add_user(auth::AddUserRequest) override { co_return none(); }
  Task<Result<auth::SetPasswordReply>> set_password(auth::SetPasswordRequest) override {
    co_return none();
  }
  Task<Result<auth::SetRoleReply>> set_role(auth::SetRoleRequest) override { co_return none(); }
  Task<Result<auth::DeleteUserReply>> delete_user(auth::DeleteUserRequest) override {
    co_return none();
  }

  hal::identity::testing::TestIssuer issuer;
  bool away = false;
  bool bad_key = false;
  int revoked_id = 0;
  auth::RevocationsReply changes;
  std::vector<std::int64_t> since;
  hal::Status failure{};  ///< of verify()
  std::string retry_after{};
  int verified = 0;
  std::string client_address;
  auth::RevokeRequest revoked;
  auth::ListUsersRequest listed;
  std::string caller;

 private:
  static std::unexpected<hal::Status> none() { return error(Code::kUnimplemented, "not asked"); }
};

Task<Result<>> start(hal::identity::Verifier* verifier) { co_return co_await verifier->start(); }

Task<> serve(hal::service::Host* host, hal::rpc::Service* service) {
  (void)co_await hal::rpc::Server{*host}.add(*service).run();
}

class LoginTest : public ::testing::Test {
 protected:
  LoginTest() {
    host.around_server = {std::make_shared<hal::layers::Panic>()};
    host.listen_on.port = 40'000;
    host.registry().put("hal9000-auth", "127.0.0.1:40000");
    host.background().spawn(serve, static_cast<hal::service::Host*>(&host),
                            static_cast<hal::rpc::Service*>(&auth));
    host.manual_loop().run_ready();
  }
  /// The verifier's first pull.
  void start_verifier() { ASSERT_TRUE(host.run(start, &verifier)); }
  http::Router router() { return with_login(http::Router{}, api, verifier); }
  std::string token(std::string subject, std::string role) {
    return auth.issuer.token(std::move(subject), std::move(role));
  }
  http::Response send(std::string method, std::string url, Headers headers = {},
                      std::string body = "") {
    return http::testing::run_request(host, router_,
                                      {.method = std::move(method),
                                       .url = std::move(url),
                                       .headers = std::move(headers),
                                       .body = std::move(body)});
  }
  http::Response login(std::string body, Headers headers = {}) {
    headers.add("content-type", "application/json");
    return send("POST", "/api/v1/login", std::move(headers), std::move(body));
  }
  static Headers bearer(std::string_view token) {
    return {{"authorization", fmt::format("Bearer {}", token)}};
  }

  FakeAuth auth;
  hal::service::testing::TestHost host;
  hal::identity::Verifier verifier{
      host,
      std::make_unique<RpcAuthSource>(auth::AuthClient{hal::rpc::Channel{host, "hal9000-auth"}}),
      auth.issuer.options()};
  Api api{.greeter = greeter::GreeterClient{hal::rpc::Channel{host, "hal9000-greeter"}},
          .auth = auth::AuthClient{hal::rpc::Channel{host, "hal9000-auth"}}};
  http::Router router_ = router();
};

constexpr const char* kRight = R"({"username":"ann","password":"correct horse"})";
constexpr const char* kWrong = R"({"username":"ann","password":"battery staple"})";

TEST_F(LoginTest, ATokenForAPassword) {
  const auto response = login(kRight);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("cache-control"), "no-store");
  EXPECT_THAT(response.body,
              ::testing::MatchesRegex(R"(."token":"[A-Za-z0-9_.-]+","expires_in":600.)"));
}

TEST_F(LoginTest, TheSameAnswerForAWrongPasswordAndAnUnknownUser) {
  const auto wrong = login(kWrong);
  const auto unknown = login(R"({"username":"eve","password":"battery staple"})");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, R"({"error":{"code":401,"message":"wrong username or password"}})");
  EXPECT_EQ(wrong.headers.joined("www-authenticate"), R"(Bearer realm="hal9000")");
  EXPECT_EQ(unknown.body, wrong.body);
  EXPECT_TRUE(std::ranges::equal(unknown.headers, wrong.headers));
  EXPECT_EQ(login(kWrong, {{"accept-language", "zh"}}).body,
            R"({"error":{"code":401,"message":"无访问权限",)"
            R"("detail":"wrong username or password"}})");
}

TEST_F(LoginTest, WhatCannotBeRightIsNotAsked) {
  for (const auto& [body, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"username":"","password":"correct horse"})", "$.username: expected 1 to 64 bytes"},
           {R"({"username":"a\n","password":"correct horse"})", "username: control characters"},
           {R"({"username":"a\u0000","password":"correct horse"})", "username: control characters"},
           {R"({"username":"ann","password":""})", "$.password: expected 8 to 1024 bytes"},
           {R"({"username":"ann"})", "$.password: required field is missing"},
           {R"({"username":"ann","password":")" + std::string(1025, 'x') + R"("})",
            "$.password: expected 8 to 1024 bytes, got 1025"}}) {
    const auto response = login(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, HasSubstr(message));
  }
  EXPECT_EQ(send("POST", "/api/v1/login", {{"content-type", "text/plain"}}, kRight).status, 415);
  EXPECT_EQ(send("GET", "/api/v1/login").status, 405);
  EXPECT_EQ(auth.verified, 0);
}

TEST_F(LoginTest, AnAddressMayNotGuessForEver) {
  int guesses = 0;
  http::Response refused;
  for (; guesses < 100; ++guesses) {
    refused = login(kWrong);
    if (refused.status != 401) break;
  }
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(guesses, 10);
  EXPECT_EQ(refused.body, R"({"error":{"code":429,"message":"too many attempts"}})");
  EXPECT_EQ(refused.headers.get("retry-after"), "6");
  EXPECT_EQ(auth.verified, 10);
  EXPECT_EQ(login(kRight).status, 429);  // whose address it is cannot be told
  host.manual_loop().advance(std::chrono::seconds{6});
  EXPECT_EQ(login(kRight).status, 200);
}

TEST_F(LoginTest, ThoseBehindOurProxyAreToldApart) {
  api.trusted_proxies = 1;
  router_ = router();
  const auto from = [&](std::string_view client) {
    return login(kWrong, {{"x-forwarded-for", fmt::format("6.6.6.6, {}", client)}}).status;
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(from("203.0.113.1"), 401);
  EXPECT_EQ(from("203.0.113.1"), 429);
  EXPECT_EQ(from("203.0.113.2"), 401);
  EXPECT_EQ(auth.client_address, "203.0.113.2");
  // A client that changes its IPv6 address is the same to auth.
  EXPECT_EQ(from("2001:db8:1:2:3:4:5:6"), 401);
  EXPECT_EQ(auth.client_address, "2001:db8:1:2::/64");
}

TEST_F(LoginTest, HowLongToWaitIsToldOn) {
  auth.failure = {Code::kResourceExhausted, "too many attempts for this name"};
  auth.retry_after = "7";
  auto response = login(kRight);
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.get("retry-after"), "7");
  auth.failure = {Code::kUnavailable, "10.0.0.7: the queue of hashes is full"};
  auth.retry_after.clear();
  response = login(kRight);
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.headers.contains("retry-after"));
  EXPECT_EQ(response.body, R"({"error":{"code":503,"message":"service unavailable"}})");
}

TEST_F(LoginTest, WhoeverPollsANameThatIsSlowedDownIsSlowedDownAtTheEdge) {
  auth.failure = {Code::kResourceExhausted, "too many attempts for this name"};
  int asked = 0;
  while (asked < 100 && auth.verified == asked && login(kRight).status == 429) ++asked;
  EXPECT_EQ(auth.verified, 10);
}

TEST_F(LoginTest, AnAuthServiceThatIsAwayIs503) {
  host.registry().fail_with({Code::kNotFound, "no node of hal9000-auth"});
  EXPECT_EQ(login(kRight).status, 503);
}

TEST_F(LoginTest, WhoseToken) {
  start_verifier();
  const auto answer = login(kRight);
  const std::string begin = R"({"token":")";
  const std::string token =
      answer.body.substr(begin.size(), answer.body.find('"', begin.size()) - begin.size());
  EXPECT_EQ(send("GET", "/api/v1/me", bearer(token)).body,
            R"({"username":"ann","roles":["admin"],"expires_at":1800000600})");
  const auto none = send("GET", "/api/v1/me");
  EXPECT_EQ(none.status, 401);
  EXPECT_THAT(std::string{none.headers.get("www-authenticate").value_or("")}, HasSubstr("Bearer"));
  const auto forged = send("GET", "/api/v1/me", bearer(token + "x"));
  EXPECT_EQ(forged.status, 401);
  EXPECT_THAT(std::string{forged.headers.get("www-authenticate").value_or("")},
              HasSubstr("invalid_token"));
}

TEST_F(LoginTest, WhatIsTooOldToTellLetsNobodyIn) {
  const auto statuses = [&](std::string_view shown) {
    std::vector<int> all;
    for (const auto& [method, url] :
         std::vector<std::pair<std::string, std::string>>{{"GET", "/api/v1/me"},
                                                          {"POST", "/api/v1/logout"},
                                                          {"GET", "/api/v1/users"},
                                                          {"GET", "/.well-known/jwks.json"}}) {
      all.push_back(send(method, url, bearer(shown)).status);
    }
    return all;
  };
  const std::string admin = token("ann", "admin");
  EXPECT_THAT(statuses(admin), ElementsAre(503, 503, 503, 503));  // nothing is known yet
  start_verifier();
  EXPECT_THAT(statuses(admin), ElementsAre(200, 204, 200, 200));
  auth.away = true;
  host.manual_loop().advance(std::chrono::seconds{50});
  EXPECT_EQ(send("GET", "/api/v1/me", bearer(admin)).status, 200);
  host.manual_loop().advance(std::chrono::seconds{15});
  EXPECT_THAT(statuses(admin), ElementsAre(503, 503, 503, 503));
  auth.away = false;
  host.manual_loop().advance(std::chrono::seconds{5});
  EXPECT_EQ(send("GET", "/api/v1/me", bearer(admin)).status, 200);
}

TEST_F(LoginTest, KeysThatAreNoneAreNotTaken) {
  auth.bad_key = true;
  host.background().spawn(start, &verifier);
  host.manual_loop().advance(std::chrono::seconds{2});
  EXPECT_EQ(send("GET", "/api/v1/me", bearer(token("ann", "admin"))).status, 503);
  auth.bad_key = false;
  host.manual_loop().advance(std::chrono::seconds{2});
  EXPECT_EQ(send("GET", "/api/v1/me", bearer(token("ann", "admin"))).status, 200);
}

TEST_F(LoginTest, LogoutRevokesTheTokenAtOnce) {
  start_verifier();
  const std::string first = token("bob", "user");   // id-1
  const std::string second = token("bob", "user");  // id-2
  auth.revoked_id = 2;
  EXPECT_EQ(send("POST", "/api/v1/logout", bearer(second)).status, 204);
  EXPECT_EQ(auth.revoked.token(), second);
  EXPECT_FALSE(auth.revoked.all_of_user());
  const auto after = send("GET", "/api/v1/me", bearer(second));
  EXPECT_EQ(after.status, 401);
  EXPECT_THAT(after.body, HasSubstr("revoked"));
  EXPECT_EQ(send("GET", "/api/v1/me", bearer(first)).status, 200);
  EXPECT_THAT(auth.since, ElementsAre(0, 7));  // what has changed, not all of it
  EXPECT_EQ(send("POST", "/api/v1/logout?everywhere=true", bearer(first)).status, 204);
  EXPECT_TRUE(auth.revoked.all_of_user());
  EXPECT_EQ(send("POST", "/api/v1/logout?everywhere=maybe", bearer(first)).status, 400);
  auth.revoked.Clear();
  EXPECT_EQ(send("POST", "/api/v1/logout").status, 401);
  EXPECT_EQ(auth.revoked.token(), "");
}

TEST_F(LoginTest, UsersAreForAdmins) {
  start_verifier();
  EXPECT_EQ(send("GET", "/api/v1/users").status, 401);
  EXPECT_EQ(send("GET", "/api/v1/users", bearer(token("bob", "user"))).status, 403);
  EXPECT_EQ(auth.caller, "");
  const std::string admin = token("ann", "admin");
  const auto response = send("GET", "/api/v1/users?current=3&pageSize=1", bearer(admin));
  EXPECT_EQ(response.body, R"({"list":[{"username":"ann","role":"admin","created_at":1700000000}],)"
                           R"("pagination":{"total":41,"current":3,"pageSize":1}})");
  EXPECT_EQ(auth.listed.page(), 3U);
  EXPECT_EQ(auth.listed.page_size(), 1U);
  EXPECT_EQ(auth.caller, "Bearer " + admin);
  EXPECT_EQ(send("GET", "/api/v1/users?pageSize=101", bearer(admin)).status, 400);
}

TEST_F(LoginTest, KeysForVerifiersOfOthers) {
  start_verifier();
  const auto response = send("GET", "/.well-known/jwks.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("content-type"), "application/jwk-set+json");
  EXPECT_THAT(response.body, HasSubstr(R"("crv":"Ed25519")"));
  EXPECT_THAT(response.body, HasSubstr(auth.issuer.kid));
}

TEST(WithoutLogin, Is503) {
  const auto router = without_login(http::Router{});
  for (const auto& [method, url] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "/api/v1/login"},
                                                        {"GET", "/api/v1/me"},
                                                        {"POST", "/api/v1/logout"},
                                                        {"GET", "/api/v1/users"},
                                                        {"GET", "/.well-known/jwks.json"}}) {
    EXPECT_EQ(http::testing::run_request(router, {.method = method, .url = url}).status, 503)
        << url;
  }
}

}  // namespace
}  // namespace api
