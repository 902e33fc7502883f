// Users: their names and roles.
#pragma once

#include <hal/base/status.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace auth {

inline constexpr std::size_t kUsernameBytesMax = 64;

enum class Role : std::uint8_t { kUser, kAdmin };

/// "user" or "admin": what tokens, the database and the RPCs call them. Static storage.
[[nodiscard]] std::string_view name(Role role) noexcept;
/// The opposite; INVALID_ARGUMENT for any other text.
[[nodiscard]] hal::Result<Role> parse_role(std::string_view text);

/// The one spelling of a name: A-Z in lower case. INVALID_ARGUMENT unless it is 1 to 64 of a-z, 0-9
/// and . _ - @ +, and begins with a letter or a digit. The message does not repeat the name: people
/// type passwords into the wrong field.
[[nodiscard]] hal::Result<std::string> canonical_username(std::string_view text);

/// A user as others may see it.
struct UserInfo {
  std::string name{};
  Role role = Role::kUser;
  std::int64_t created_at_s = 0;  ///< Unix time
  friend bool operator==(const UserInfo&, const UserInfo&) = default;
};

}  // namespace auth
