#include "login.hpp"

#include <hal/http/caller.hpp>
#include <hal/http/page.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/service/client_address.hpp>
#include <hal/service/layers/attempts/attempts.hpp>
#include <hal/service/layers/authenticate/authenticate.hpp>
#include <hal/telemetry/span.hpp>

namespace api {
namespace {

using hal::Code;
using hal::error;
using hal::Result;
using hal::Task;
namespace http = hal::http;
namespace layers = hal::layers;
using hal::identity::Verifier;

/// A new key signs 10 s after it was made, which this process has learned of within 5 s
/// (RotationOptions::publish_after, AuthCacheOptions::pull_interval).
constexpr std::string_view kKeysMayBeOld = "public, max-age=5";

struct Credentials {
  std::string username{};
  std::string password{};
  static constexpr http::json::Rule kRules[] = {
      {.member = "username", .size = {.min = 1, .max = 64}},
      {.member = "password", .size = {.min = 8, .max = 1024}},
  };
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, password))

struct Token {
  std::string token{};
  std::int64_t expires_in = 0;  // seconds
};
BOOST_DESCRIBE_STRUCT(Token, (), (token, expires_in))

struct Me {
  std::string username{};
  std::vector<std::string> roles{};
  std::int64_t expires_at = 0;  // of the token; Unix time
};
BOOST_DESCRIBE_STRUCT(Me, (), (username, roles, expires_at))

struct User {
  std::string username{};
  std::string role{};
  std::int64_t created_at = 0;  // Unix time
};
BOOST_DESCRIBE_STRUCT(User, (), (username, role, created_at))

/// What no account has needs no look at the accounts.
Task<Result<>> check_policy(const Credentials& credentials) {
  auto span = co_await hal::start_span("check_policy", {{"kind", "function"}});
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
  if (std::ranges::any_of(credentials.username, is_control)) {
    co_return error(Code::kInvalidArgument, "username: control characters are not allowed");
  }
  co_return Result<>{};
}

/// Asks the auth service; how long a client should wait that has tried too often is told on.
Task<Result<auth::VerifyReply>> verify(const Api& api, const Credentials& credentials) {
  auth::VerifyRequest request;
  request.set_username(credentials.username);
  request.set_password(credentials.password);
  auto& call = *(co_await hal::this_context()).call;
  request.set_client_address(
      hal::service::client_network(hal::service::client_address(call, api.trusted_proxies)));
  hal::Headers trailers;
  auto reply = co_await api.auth.verify(std::move(request), {.trailing_metadata = &trailers});
  const auto retry_after = trailers.get("retry-after");
  if (!reply && retry_after) {
    call.response_headers->set("retry-after", *retry_after);
  }
  if (!reply && reply.error().code() == Code::kUnauthenticated) {
    // A 401 says what would be taken (RFC 9110 15.5.2).
    call.response_headers->set("www-authenticate", R"(Bearer realm="hal9000")");
  }
  co_return reply;
}

Task<Result<http::Json<Token>>> login(http::State<Api> api, http::Json<Credentials> credentials) {
  auto span = co_await hal::start_span("LoginController.Login", {{"kind", "function"}});  // span2
  co_await or_return(check_policy(*credentials));                                         // span3
  auto reply = co_await or_return(verify(*api, *credentials));                            // span4
  co_return http::Json{
      Token{.token = std::move(*reply.mutable_token()), .expires_in = reply.expires_in_s()}};
}

http::Json<Me> me(http::Caller caller) {
  return http::Json{Me{.username = caller->subject(),
                       .roles = caller->roles(),
                       .expires_at = caller->expires_at().time_since_epoch().count()}};
}

/// ?everywhere=true ends every token of the user, not only the one that is shown.
Task<Result<>> logout(http::State<Api> api, http::State<Verifier> verifier,
                      const http::Request& request,
                      http::Query<"everywhere", std::optional<bool>> everywhere) {
  auth::RevokeRequest revoke;
  revoke.set_token(std::string{co_await or_return(layers::bearer_token(request.headers))});
  revoke.set_all_of_user(everywhere->value_or(false));
  co_await or_return(api->auth.revoke(std::move(revoke)));
  // Other replicas learn of it within seconds, this one at once; if it cannot, then like them.
  (void)co_await verifier->refresh();
  co_return Result<>{};
}

/// For verifiers of others: RFC 7517.
Task<Result<http::Response>> jwks(http::State<Verifier> verifier) {
  auto keys = co_await or_return(verifier->jwks());
  co_return http::Response{
      .status = 200,
      .headers = {{"content-type", "application/jwk-set+json"}, {"cache-control", kKeysMayBeOld}},
      .body = std::move(keys)};
}

Task<Result<http::Json<http::List<User>>>> users(http::State<Api> api, http::Page page,
                                                 http::Header<"authorization"> token) {
  auth::ListUsersRequest request;
  request.set_page(page.current);
  request.set_page_size(page.size);
  hal::rpc::CallOptions as_caller;
  co_await or_return(hal::rpc::add_metadata("authorization", *token, as_caller.metadata));
  auto reply = co_await or_return(api->auth.list_users(std::move(request), std::move(as_caller)));
  std::vector<User> found;
  for (auto& user : *reply.mutable_users()) {
    found.push_back({.username = std::move(*user.mutable_username()),
                     .role = std::move(*user.mutable_role()),
                     .created_at = user.created_at_s()});
  }
  co_return http::Json{page.of(std::move(found), reply.total())};
}

/// Tokens are for nobody's cache (RFC 6750 5.3).
class NoStore final : public hal::service::Layer {
 public:
  Task<> handle(hal::service::Call& call, hal::service::Next next) const override {
    call.response_headers->set("cache-control", "no-store");
    co_await next(call);
  }
};

/// Answers for an auth service that there is not.
class NoAuth final : public hal::service::Layer {
 public:
  Task<> handle(hal::service::Call& call, hal::service::Next) const override {
    call.status = {Code::kUnavailable, "AUTH_SERVICE_NAME is not set"};
    co_return;
  }
};

std::string never() { return {}; }

}  // namespace

http::Router with_login(http::Router router, Api& api, Verifier& verifier) {
  return std::move(router)
      .group("/.well-known", http::Router{verifier}.get("/jwks.json", jwks))
      .group("/api/v1", http::Router{api}
                            .layer(NoStore{})
                            .layer(layers::Attempts{{.trusted_proxies = api.trusted_proxies}})
                            .post("/login", login))
      .group("/api/v1", http::Router{api, verifier}
                            .layer(layers::Authenticate{verifier})
                            .get("/me", me)
                            .post("/logout", logout))
      .group("/api/v1", http::Router{api}
                            .layer(layers::Authenticate{verifier, {.roles = {"admin"}}})
                            .get("/users", users));
}

http::Router without_login(http::Router router) {
  return std::move(router)
      .group("/.well-known", http::Router{}.layer(NoAuth{}).get("/jwks.json", never))
      .group("/api/v1", http::Router{}
                            .layer(NoAuth{})
                            .post("/login", never)
                            .get("/me", never)
                            .post("/logout", never)
                            .get("/users", never));
}

}  // namespace api
