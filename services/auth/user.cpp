#include "user.hpp"

#include <hal/base/ascii.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace auth {
namespace {

constexpr bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

constexpr bool is_name_character(char c) {
  return is_alphanumeric(c) || std::string_view{"._-@+"}.contains(c);
}

}  // namespace

std::string_view name(Role role) noexcept { return role == Role::kAdmin ? "admin" : "user"; }

hal::Result<Role> parse_role(std::string_view text) {
  if (text == "user") return Role::kUser;
  if (text == "admin") return Role::kAdmin;
  return hal::error(hal::Code::kInvalidArgument, "role: allowed is user or admin");
}

hal::Result<std::string> canonical_username(std::string_view text) {
  std::string lower = hal::ascii_lower(text.substr(0, kUsernameBytesMax + 1));
  if (lower.empty() || lower.size() > kUsernameBytesMax || !is_alphanumeric(lower.front()) ||
      !std::ranges::all_of(lower, is_name_character)) {
    return hal::error(hal::Code::kInvalidArgument,
                      fmt::format("username: allowed are 1 to {} of a-z, 0-9 and . _ - @ +, the "
                                  "first one a letter or a digit",
                                  kUsernameBytesMax));
  }
  return lower;
}

}  // namespace auth
