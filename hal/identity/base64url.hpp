// base64url without padding (RFC 7515 2): how JOSE writes bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hal::identity {

[[nodiscard]] std::string base64url_encode(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

/// One text for each sequence of bytes: nullopt for padding, other characters (also those of the
/// common alphabet, and white space), an impossible length, and bits set behind the last byte.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

/// The same for exactly N bytes; nullopt when it is another number.
template <std::size_t N>
[[nodiscard]] std::optional<std::array<std::uint8_t, N>> base64url_decode_array(
    std::string_view text) {
  if (text.size() != (4 * N + 2) / 3) return std::nullopt;
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() != N) return std::nullopt;
  std::array<std::uint8_t, N> array;
  for (std::size_t i = 0; i < N; ++i) array[i] = static_cast<std::uint8_t>((*bytes)[i]);
  return array;
}

}  // namespace hal::identity
