// JWTs (RFC 7519) as we make them: JWS compact (RFC 7515 7.1), EdDSA with Ed25519 (RFC 8037), and
// no other form, so that there is nothing to confuse (RFC 8725).
#pragma once

#include <hal/base/status.hpp>
#include <hal/identity/ed25519.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hal::identity {

/// Of a whole token: more than any that we make.
inline constexpr std::size_t kTokenBytesMax = 4096;
/// Of a key's name.
inline constexpr std::size_t kKidBytesMax = 64;

/// All are required, and of these types; others are read over (RFC 7519 4). Times are whole seconds
/// of Unix time.
struct Claims {
  std::string iss{};
  std::string aud{};
  std::string sub{};
  std::string jti{};
  std::int64_t iat = 0;
  std::int64_t nbf = 0;
  std::int64_t exp = 0;
  std::string role{};
};
BOOST_DESCRIBE_STRUCT(Claims, (), (iss, aud, sub, jti, iat, nbf, exp, role))

/// A token with the header {"alg":"EdDSA","kid":"<kid>","typ":"JWT"}. Precondition: it has at most
/// kTokenBytesMax.
[[nodiscard]] std::string sign_jwt(const Claims& claims, const Ed25519KeyPair& key,
                                   std::string_view kid);

/// A token whose form is right. What it claims can be had from claims() alone, so never before its
/// signature has been verified. Views the token, which must outlive it.
class Jwt {
 public:
  /// kUnauthenticated for all but three parts of canonical base64url with a signature of 64 bytes,
  /// and a header whose members are exactly "alg":"EdDSA", "typ":"JWT" and "kid".
  [[nodiscard]] static Result<Jwt> parse(std::string_view token);

  /// The name of the key that is said to have signed it. 1 to kKidBytesMax bytes; any.
  [[nodiscard]] const std::string& kid() const noexcept { return kid_; }

  /// What the token says, if `key` has signed it; nothing else is checked. kUnauthenticated when it
  /// has not, or when the claims are not those of Claims.
  [[nodiscard]] Result<Claims> claims(const Ed25519PublicKey& key) const;

 private:
  Jwt() = default;

  std::string kid_;
  std::string_view signed_;  // header and payload, encoded
  std::string payload_;
  Ed25519Signature signature_{};
};

/// What whoever showed a token is told: the kind of mistake, not where our checks stand.
[[nodiscard]] std::unexpected<Status> malformed_token();
[[nodiscard]] std::unexpected<Status> invalid_token();

}  // namespace hal::identity
