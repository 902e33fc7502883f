#include <hal/identity/verifier.hpp>

#include <hal/async/or_return.hpp>
#include <hal/identity/jwks.hpp>

namespace hal::identity {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

/// The end of the year 9999: sums with times up to it do not overflow.
constexpr std::int64_t kTimeMax = 253'402'300'799;

bool is_time(std::int64_t value) { return value >= 0 && value <= kTimeMax; }
sys_seconds time_of(std::int64_t value) { return sys_seconds{seconds{value}}; }

AuthCacheOptions cache_options(const VerifierOptions& options) {
  AuthCacheOptions cache = options.cache;
  cache.revocations.leeway = options.rules.leeway;
  cache.revocations.lifetime_max = options.rules.lifetime_max;
  return cache;
}

}  // namespace

Status check_claims(const Claims& claims, const TokenRules& rules, sys_seconds now) {
  if (!is_time(claims.iat) || !is_time(claims.nbf) || !is_time(claims.exp) || claims.sub.empty() ||
      claims.jti.empty()) {
    return malformed_token().error();
  }
  const auto issued = time_of(claims.iat);
  const auto expires = time_of(claims.exp);
  if (claims.iss != rules.issuer || claims.aud != rules.audience || expires <= issued ||
      expires - issued > rules.lifetime_max) {
    return invalid_token().error();
  }
  if (now >= expires + rules.leeway) return {Code::kUnauthenticated, "the token has expired"};
  if (now + rules.leeway < std::max(issued, time_of(claims.nbf))) {
    return {Code::kUnauthenticated, "the token is not valid yet"};
  }
  return {};
}

std::shared_ptr<const Identity> identity_of(const Claims& claims) {
  IdentityFields fields{
      .subject = claims.sub, .roles{}, .token_id = claims.jti, .expires_at = time_of(claims.exp)};
  if (!claims.role.empty()) fields.roles.push_back(claims.role);
  return std::make_shared<const Identity>(std::move(fields));
}

Verifier::Verifier(service::Host& host, std::unique_ptr<AuthSource> source, VerifierOptions options)
    : options_{std::move(options)},
      cache_{host, std::move(source), cache_options(options_), options_.clock} {}

Task<Result<AuthDataPtr>> Verifier::data() {
  co_return cache_.current((co_await this_context()).loop->now());
}

Task<Result<std::shared_ptr<const Identity>>> Verifier::verify(std::string_view token) {
  const Jwt jwt = co_await or_return(Jwt::parse(token));
  auto data = co_await or_return(this->data());
  sys_seconds now = options_.clock();
  const auto* key = find_key(data->keys, jwt.kid(), now);
  if (key == nullptr) {
    // Whether it fails or not: what is known then decides.
    (void)co_await cache_.refresh_for_unknown_key();
    data = co_await or_return(this->data());
    now = options_.clock();
    key = find_key(data->keys, jwt.kid(), now);
  }
  if (key == nullptr) co_return invalid_token();
  const Claims claims = co_await or_return(jwt.claims(key->key));
  if (Status wrong = check_claims(claims, options_.rules, now); !wrong.ok()) {
    co_return error(std::move(wrong));
  }
  if (data->revocations->contains(claims.jti, claims.sub, time_of(claims.iat))) {
    co_return error(Code::kUnauthenticated, "the token is revoked");
  }
  co_return identity_of(claims);
}

Task<Result<std::string>> Verifier::jwks() {
  const auto data = co_await or_return(this->data());
  co_return to_jwks(data->keys, options_.clock());
}

}  // namespace hal::identity
