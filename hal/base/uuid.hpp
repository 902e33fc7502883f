// UUIDs: names that no two processes choose alike (RFC 9562).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hal {

/// A random version 4 UUID (RFC 9562 5.4) in lower case: "3f2b8c1e-....". 122 bits of the kernel's
/// random numbers. Thread-safe, also across fork().
[[nodiscard]] std::string make_uuid();

/// The version 4 UUID made of these random bytes: 6 bits of them are replaced by version and
/// variant.
[[nodiscard]] std::string uuid_from_random(std::array<std::uint8_t, 16> bytes);

/// Whether the text is a UUID as make_uuid() writes it: 36 characters, lower case, any version.
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

}  // namespace hal
