// Hexadecimal digits.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hal {

/// 0-15 for a hexadecimal digit of either case, -1 for any other character.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Writes 2 lower-case digits per byte to `out`; returns the end of what was written.
constexpr char* write_hex(std::span<const std::uint8_t> bytes, char* out) noexcept {
  constexpr const char* kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 0xf];
  }
  return out;
}

/// 2 lower-case digits per byte.
[[nodiscard]] inline std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text(2 * bytes.size(), '0');
  write_hex(bytes, text.data());
  return text;
}

}  // namespace hal
