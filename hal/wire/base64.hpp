// Base64 (RFC 4648 4), as binary metadata of gRPC uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hal::wire {

enum class Padding : std::uint8_t { kNone, kFull };

/// gRPC asks senders to leave the padding out (PROTOCOL-HTTP2.md, "-bin" values).
[[nodiscard]] std::string base64_encode(std::string_view bytes, Padding padding = Padding::kNone);

/// Accepts padded and unpadded text. nullopt for other characters (also those of the URL
/// alphabet), misplaced padding, an impossible length, or bits set behind the last byte.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace hal::wire
