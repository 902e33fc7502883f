// AuthSource: where a verifier learns what the issuer of tokens knows. An RPC client of the issuer,
// or the issuer itself, implements it.
#pragma once

#include <hal/async/task.hpp>
#include <hal/identity/ed25519.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hal::identity {

/// A key whose tokens may still be valid.
struct VerificationKey {
  std::string kid{};
  Ed25519PublicKey key{};
  /// From then on it verifies nothing; unset: it signs at present.
  std::optional<std::chrono::sys_seconds> retires_at{};
  friend bool operator==(const VerificationKey&, const VerificationKey&) = default;
};
using Keys = std::vector<VerificationKey>;

/// The key of this name, unless it is retired; null when there is none. Valid as long as `keys`.
[[nodiscard]] const VerificationKey* find_key(const Keys& keys, std::string_view kid,
                                              std::chrono::sys_seconds now) noexcept;

/// What is revoked, or what has changed since a cursor.
struct Revocations {
  struct Token {
    std::string id{};
    std::chrono::sys_seconds expires_at{};
  };
  struct User {
    /// Empty: every user.
    std::string subject{};
    /// Tokens issued before are revoked.
    std::chrono::sys_seconds not_before{};
  };
  std::vector<Token> tokens{};
  std::vector<User> users{};
  /// Where the next question begins.
  std::int64_t cursor = 0;
};

/// Asked by one coroutine at a time, in the background scope of the host's first worker: no
/// request's deadline or span is there. A source that calls others does so with
/// layers::UntracedCall, or each question becomes a trace of its own.
class AuthSource {
 public:
  virtual ~AuthSource() = default;

  /// Every key whose tokens may be valid. An error: they cannot be had at present.
  virtual Task<Result<Keys>> keys() = 0;
  /// What has changed after `since`, the cursor of the last answer; 0, or a cursor that the issuer
  /// does not know: everything. It keeps a revoked token until the verifiers' leeway after its
  /// expiry. Everything must fit into one answer: 100,000 tokens are 4 MiB.
  virtual Task<Result<Revocations>> revocations(std::int64_t since) = 0;
};

}  // namespace hal::identity
