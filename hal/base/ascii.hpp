// Text as protocols see it: ASCII only, no locale.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hal {

/// A-Z as a-z; every other byte as it is.
[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string ascii_lower(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](char c) { return ascii_lower(c); });
  return lower;
}

/// Equal but for the case of A-Z and a-z.
[[nodiscard]] constexpr bool ascii_iequals(std::string_view a, std::string_view b) noexcept {
  // Most characters are the same, or differ in more than their case.
  return std::ranges::equal(
      a, b, [](char x, char y) { return x == y || ascii_lower(x) == ascii_lower(y); });
}

/// Without the spaces and tabs (RFC 9110 5.6.3 OWS) at both ends. A view into `text`.
[[nodiscard]] constexpr std::string_view ascii_trim(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The whole text as a number in `base`; nullopt for anything else: a sign other than '-' of a
/// signed type, spaces, a number that does not fit, an empty text.
template <class Int>
[[nodiscard]] std::optional<Int> parse_int(std::string_view text, int base = 10) noexcept {
  Int value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace hal
