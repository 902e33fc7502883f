// Identity: who makes a request, once a TokenVerifier has said so.
#pragma once

#include <hal/async/context.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hal {

/// What an Identity is made of.
struct IdentityFields {
  std::string subject{};
  std::vector<std::string> roles{};
  std::string token_id{};
  std::chrono::sys_seconds expires_at{};
};

/// Made by a TokenVerifier alone; the authenticate layer puts it into the Context. Immutable: safe
/// to read from any thread.
class Identity final {
 public:
  explicit Identity(IdentityFields fields) : fields_{std::move(fields)} {}

  /// The user's or service's name (RFC 7519 4.1.2, "sub").
  [[nodiscard]] const std::string& subject() const noexcept { return fields_.subject; }
  [[nodiscard]] const std::vector<std::string>& roles() const noexcept { return fields_.roles; }
  /// Names are compared byte for byte.
  [[nodiscard]] bool has_role(std::string_view role) const noexcept {
    return std::ranges::find(fields_.roles, role) != fields_.roles.end();
  }
  /// Of the token that was shown (RFC 7519 4.1.7, "jti"): what is revoked.
  [[nodiscard]] const std::string& token_id() const noexcept { return fields_.token_id; }
  /// When that token ends. The request may go on beyond it.
  [[nodiscard]] std::chrono::sys_seconds expires_at() const noexcept { return fields_.expires_at; }

 private:
  const IdentityFields fields_;
};

/// Who makes the request that the calling coroutine belongs to; null outside a request, and where
/// no authenticate layer stands around the handler.
[[nodiscard]] inline std::shared_ptr<const Identity> current_identity() noexcept {
  const Context* const context = current_context();
  return context == nullptr ? nullptr : context->identity;
}

}  // namespace hal
