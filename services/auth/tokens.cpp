#include "tokens.hpp"

#include "off_loop.hpp"

#include <hal/identity/base64url.hpp>

#include <sodium.h>

#include <array>

namespace auth {
namespace {

using hal::Code;
using hal::Identity;
using hal::Result;
using hal::identity::Claims;
using hal::identity::invalid_token;

/// 128 random bits: no two tokens have the same.
std::string new_token_id() {
  std::array<std::uint8_t, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return hal::identity::base64url_encode(bytes);
}

}  // namespace

TokenId token_id_of(const Claims& claims) {
  return {.id = claims.jti,
          .subject = claims.sub,
          .issued_at_s = claims.iat,
          .expires_at_s = claims.exp};
}

std::string Tokens::issue(const std::string& user, const Grant& grant, WallTime now) const {
  const std::int64_t issued_at_s = grant.issued_at_s;
  const Claims claims{.iss = rules_.issuer,
                      .aud = rules_.audience,
                      .sub = user,
                      .jti = new_token_id(),
                      .iat = issued_at_s,
                      .nbf = issued_at_s,
                      .exp = issued_at_s + kTokenLifetimeS,
                      .role = std::string{name(grant.role)}};
  return keys_.current()->sign(claims, to_seconds(now));
}

Result<Claims> Tokens::read(std::string_view token, WallTime now) const {
  const auto jwt = hal::identity::Jwt::parse(token);
  if (!jwt) return hal::error(jwt.error());
  const auto keys = keys_.current()->public_keys(to_seconds(now));
  const auto* const key = hal::identity::find_key(keys, jwt->kid(), to_seconds(now));
  if (key == nullptr) return invalid_token();
  auto claims = jwt->claims(key->key);
  if (claims && (claims->iss != rules_.issuer || claims->aud != rules_.audience)) {
    return invalid_token();
  }
  return claims;
}

hal::Task<Result<std::shared_ptr<const Identity>>> StoreVerifier::verify(std::string_view token) {
  co_return co_await off_loop([this](std::string_view text) { return check(text); }, token);
}

Result<std::shared_ptr<const Identity>> StoreVerifier::check(std::string_view token) const {
  const WallTime now = clock_();
  const auto claims = tokens_.read(token, now);
  if (!claims) return hal::error(claims.error());
  auto valid = hal::identity::check_claims(*claims, tokens_.rules(), to_seconds(now));
  if (!valid.ok()) return hal::error(std::move(valid));
  const auto revoked = store_.is_revoked(token_id_of(*claims));
  if (!revoked) {
    return hal::error(Code::kUnavailable, "it cannot be told at present whether it is revoked");
  }
  if (*revoked) return hal::error(Code::kUnauthenticated, "the token is revoked");
  return hal::identity::identity_of(*claims);
}

}  // namespace auth
