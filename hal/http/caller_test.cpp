// Routes behind layers::Authenticate, and handlers that ask who calls.
#include <hal/http/caller.hpp>

#include <gmock/gmock.h>

#include <hal/http/testing/run_request.hpp>
#include <hal/service/layers/authenticate/authenticate.hpp>
#include <hal/service/testing/test_token_verifier.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

namespace hal::http {
namespace {

using http::testing::get;

std::string name_of(Caller caller) { return caller->subject() + "/" + (*caller).token_id(); }
Task<Result<std::string>> name_of_later(Caller caller) { co_return caller->subject(); }

class CallerTest : public ::testing::Test {
 protected:
  CallerTest() {
    verifier_.put("jo", {.subject = "jo", .token_id = "1"});
    verifier_.put("ada", {.subject = "ada", .roles = {"admin"}, .token_id = "2"});
  }
  Router routes() {
    return Router{}
        .get("/open", [] { return std::string{"open"}; })
        .group("/users", Router{}
                             .layer(layers::Authenticate{verifier_})
                             .get("/me", name_of)
                             .get("/later", name_of_later))
        .group("/admin", Router{}
                             .layer(layers::Authenticate{verifier_, {.roles = {"admin"}}})
                             .get("/me", name_of));
  }
  Response ask(std::string url, std::string_view token) {
    const std::string value = fmt::format("Bearer {}", token);
    return get(routes(), std::move(url), {{"authorization", value}});
  }

  service::testing::TestTokenVerifier verifier_;
};

TEST_F(CallerTest, IsWhoseTokenItIs) {
  EXPECT_EQ(ask("/users/me", "jo").body, "jo/1");
  EXPECT_EQ(ask("/users/later", "ada").body, "ada");
  EXPECT_EQ(ask("/admin/me", "ada").body, "ada/2");
}

TEST_F(CallerTest, OtherGroupsNeedNoToken) {
  EXPECT_EQ(get(routes(), "/open").body, "open");
  EXPECT_EQ(ask("/open", "eve").status, 200);
  EXPECT_EQ(get(routes(), "/users/none").status, 404);
}

TEST_F(CallerTest, WhoHasNoRightIsToldSo) {
  const auto none = get(routes(), "/users/me");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.headers.joined("www-authenticate"), R"(Bearer realm="hal9000")");
  EXPECT_EQ(
      none.body,
      R"({"error":{"code":401,"message":"a token is needed: Authorization: Bearer <token>"}})");

  const auto wrong = ask("/users/me", "eve");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.headers.joined("www-authenticate"),
            R"(Bearer realm="hal9000", error="invalid_token")");

  const auto other = ask("/admin/me", "jo");
  EXPECT_EQ(other.status, 403);
  EXPECT_EQ(other.headers.joined("www-authenticate"),
            R"(Bearer realm="hal9000", error="insufficient_scope")");

  const auto two =
      get(routes(), "/users/me", {{"authorization", "Bearer jo"}, {"authorization", "Bearer ada"}});
  EXPECT_EQ(two.status, 400);
  EXPECT_EQ(two.headers.joined("www-authenticate"),
            R"(Bearer realm="hal9000", error="invalid_request")");
}

TEST_F(CallerTest, NobodyIsLetInWhileTokensCannotBeVerified) {
  verifier_.failure = {Code::kUnavailable, "auth at 10.0.0.7 is away"};
  const auto response = ask("/users/me", "jo");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":{"code":503,"message":"service unavailable"}})");
  EXPECT_FALSE(response.headers.contains("www-authenticate"));
}

TEST_F(CallerTest, WithoutTheLayerTheRouteAnswersNobody) {
  const telemetry::testing::CapturedLogs logs;
  const auto response = get(Router{}.get("/me", name_of), "/me", {{"authorization", "Bearer jo"}});
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(logs.count("the handler of GET /me wants a Caller, and no Authenticate layer"), 1U);
}

}  // namespace
}  // namespace hal::http
