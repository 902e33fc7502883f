// Tokens: access tokens as this service issues and reads them.
#pragma once

#include "clock.hpp"
#include "key_ring.hpp"
#include "store.hpp"

#include <hal/identity/verifier.hpp>
#include <hal/service/token_verifier.hpp>

#include <string>
#include <string_view>

namespace auth {

/// By what the store knows it.
[[nodiscard]] TokenId token_id_of(const hal::identity::Claims& claims);

/// Thread-safe. The ring must outlive it.
class Tokens {
 public:
  Tokens(KeyRing& keys, hal::identity::TokenRules rules) : keys_{keys}, rules_{std::move(rules)} {}

  /// A token for kTokenLifetimeS from the grant on. Blocks, on the key's file.
  [[nodiscard]] std::string issue(const std::string& user, const Grant& grant, WallTime now) const;

  /// What a token says that this service has signed for its audience, however long ago.
  /// UNAUTHENTICATED for any other text. Blocks, on the key's file.
  [[nodiscard]] hal::Result<hal::identity::Claims> read(std::string_view token, WallTime now) const;

  /// What a token must claim to be valid.
  [[nodiscard]] const hal::identity::TokenRules& rules() const noexcept { return rules_; }

  /// Those whose tokens may be valid. Blocks, on the key's file.
  [[nodiscard]] hal::identity::Keys public_keys(WallTime now) const {
    return keys_.current()->public_keys(to_seconds(now));
  }

 private:
  KeyRing& keys_;
  const hal::identity::TokenRules rules_;
};

/// Verifies our tokens against the store, so that what is revoked counts at once.
class StoreVerifier final : public hal::service::TokenVerifier {
 public:
  /// All must outlive it.
  StoreVerifier(const Tokens& tokens, Store& store, const WallClock& clock)
      : tokens_{tokens}, store_{store}, clock_{clock} {}

  hal::Task<hal::Result<std::shared_ptr<const hal::Identity>>> verify(
      std::string_view token) override;

 private:
  /// Blocks.
  [[nodiscard]] hal::Result<std::shared_ptr<const hal::Identity>> check(
      std::string_view token) const;

  const Tokens& tokens_;
  Store& store_;
  const WallClock& clock_;
};

}  // namespace auth
