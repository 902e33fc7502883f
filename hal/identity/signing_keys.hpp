// SigningKeys: the issuer's keys, the one that signs and those whose tokens are still valid.
#pragma once

#include <hal/base/status.hpp>
#include <hal/identity/auth_source.hpp>
#include <hal/identity/ed25519.hpp>
#include <hal/identity/jwt.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hal::identity {

struct SigningKey {
  std::string kid{};
  Ed25519KeyPair pair = Ed25519KeyPair::generate();
  std::chrono::sys_seconds created_at{};
  /// See VerificationKey::retires_at.
  std::optional<std::chrono::sys_seconds> retires_at{};
};

/// What a rotation has to wait for.
struct RotationOptions {
  /// The new key signs so long after it was made: every verifier has pulled it by then (twice
  /// AuthCacheOptions::pull_interval).
  std::chrono::seconds publish_after{10};
  /// The old ones verify so long after that: a token's lifetime and the verifiers' leeway.
  std::chrono::seconds verify_for{660};
};

/// Keys, oldest first, at least one of which does not retire. A value; thread-safe while nobody
/// changes it.
class SigningKeys {
 public:
  /// More means that somebody rotates far too often: their tokens would not live that long.
  static constexpr std::size_t kKeysMax = 16;

  /// One new key.
  [[nodiscard]] static SigningKeys make(std::chrono::sys_seconds now);
  /// kInvalidArgument for no key that stays, for too many, for two of one name or one without.
  [[nodiscard]] static Result<SigningKeys> from(std::vector<SigningKey> keys);

  /// Adds a new key that will sign, has the others retire when their last token has expired, and
  /// drops those that have. kResourceExhausted when there are kKeysMax left.
  [[nodiscard]] Result<> rotate(std::chrono::sys_seconds now, const RotationOptions& options = {});

  /// The key that signs at `now`: the newest one that is old enough to be known everywhere, else
  /// the oldest.
  [[nodiscard]] const SigningKey& signer(std::chrono::sys_seconds now,
                                         const RotationOptions& options = {}) const;
  /// sign_jwt() with that key.
  [[nodiscard]] std::string sign(const Claims& claims, std::chrono::sys_seconds now,
                                 const RotationOptions& options = {}) const;
  /// For verifiers: those that have not retired.
  [[nodiscard]] Keys public_keys(std::chrono::sys_seconds now) const;

  [[nodiscard]] const std::vector<SigningKey>& all() const noexcept { return keys_; }

 private:
  explicit SigningKeys(std::vector<SigningKey> keys) : keys_{std::move(keys)} {}

  std::vector<SigningKey> keys_;
};

}  // namespace hal::identity
