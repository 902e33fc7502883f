// Verifier: the TokenVerifier of our JWTs, with the keys and revocations that an issuer tells.
#pragma once

#include <hal/identity/auth_cache.hpp>
#include <hal/identity/jwt.hpp>
#include <hal/service/token_verifier.hpp>

#include <string>

namespace hal::identity {

/// What a token must claim.
struct TokenRules {
  std::string issuer = "hal9000-auth";
  std::string audience = "hal9000";
  /// How far the issuer's clock may be from ours.
  std::chrono::seconds leeway{60};
  /// From "iat" to "exp". Longer ones are refused: revocations are not kept for ever.
  std::chrono::seconds lifetime_max{3600};
};

/// kUnauthenticated unless issuer and audience are those of the rules, subject and token id are
/// there, and `now` is between "nbf" (and "iat") and "exp", give or take the leeway (RFC 7519 4.1).
[[nodiscard]] Status check_claims(const Claims& claims, const TokenRules& rules,
                                  std::chrono::sys_seconds now);

/// Whose token it is that has these claims; the role, unless it is empty, is the only one.
[[nodiscard]] std::shared_ptr<const Identity> identity_of(const Claims& claims);

struct VerifierOptions {
  TokenRules rules{};
  /// The leeway and lifetime of its revocations are those of the rules, whatever they say.
  AuthCacheOptions cache{};
  WallClock clock = system_wall_clock();
};

/// Thread-safe; verify() costs one Ed25519 verification (tens of microseconds) on the calling
/// worker, and waits only for a key that is not known. The host must outlive it.
class Verifier final : public service::TokenVerifier {
 public:
  Verifier(service::Host& host, std::unique_ptr<AuthSource> source, VerifierOptions options = {});

  /// See AuthCache::start(): await it before the server runs.
  Task<Result<>> start() { return cache_.start(); }

  /// See TokenVerifier. In this order: the token's form; whether what is known is new enough
  /// (kUnavailable); its key, signature, claims; whether it or its user is revoked.
  Task<Result<std::shared_ptr<const Identity>>> verify(std::string_view token) override;

  /// The keys as a JWK Set, for verifiers of others; kUnavailable as verify().
  Task<Result<std::string>> jwks();

  /// See AuthCache::refresh(): for an issuer that verifies its own tokens, after each change.
  Task<Result<>> refresh() { return cache_.refresh(); }

 private:
  Task<Result<AuthDataPtr>> data();

  const VerifierOptions options_;
  AuthCache cache_;
};

}  // namespace hal::identity
