// RevocationSet: which tokens count no more.
#pragma once

#include <hal/base/status.hpp>
#include <hal/identity/auth_source.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hal::identity {

/// What may be forgotten, and when.
struct RevocationLimits {
  /// Of tokens and users each; about 150 bytes each. Tokens that live ten minutes would have to be
  /// revoked at more than 150 a second; a complete answer with them fits into 4 MiB, what an RPC
  /// channel takes by default.
  std::size_t entries_max = 100'000;
  /// A revoked token is kept so long after its expiry: until no verifier takes it any more.
  std::chrono::seconds leeway{60};
  /// A user's not_before is kept so long: older tokens have expired by then.
  std::chrono::seconds lifetime_max{3600};
};

/// Immutable: safe to read from any thread.
class RevocationSet {
 public:
  RevocationSet() = default;

  /// This set with what has changed, without what may be forgotten at `now`: nothing is ever taken
  /// back, not even by an issuer whose database is an older one. kResourceExhausted when it would
  /// have more than entries_max: then nothing is known for sure. Copies the set.
  [[nodiscard]] Result<RevocationSet> with(const Revocations& changes, std::chrono::sys_seconds now,
                                           const RevocationLimits& limits) const;

  /// Whether the token with this id, of this subject and issued then, is revoked.
  [[nodiscard]] bool contains(std::string_view token_id, std::string_view subject,
                              std::chrono::sys_seconds issued_at) const;

  /// Tokens and users.
  [[nodiscard]] std::size_t size() const noexcept { return tokens_.size() + users_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Times = std::unordered_map<std::string, std::chrono::sys_seconds, Hash, std::equal_to<>>;

  Times tokens_;  // when they expire
  Times users_;   // not before
};

}  // namespace hal::identity
