// Passwords: argon2id by libsodium (RFC 9106), as texts that name their own parameters.
#pragma once

#include <hal/base/status.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace auth {

inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;

/// What one hash costs. The default is the first choice of OWASP's Password Storage Cheat Sheet.
struct PasswordCost {
  std::size_t memory_bytes = 19 * 1024 * 1024;
  std::uint64_t passes = 2;
};

/// OK for 8 to 1024 bytes of UTF-8, which is what an RPC can carry; else INVALID_ARGUMENT that
/// names the rule and not the password. Nothing is ever cut.
[[nodiscard]] hal::Result<> check_password(std::string_view password);

// These block for tens of milliseconds, and need sodium_init() before. Thread-safe.

/// "$argon2id$v=19$m=...,t=...,p=1$salt$hash" with a new salt. INVALID_ARGUMENT as of
/// check_password(), RESOURCE_EXHAUSTED when there is not so much memory.
[[nodiscard]] hal::Result<std::string> hash_password(std::string_view password,
                                                     const PasswordCost& cost);
/// Compares in constant time; false for a `hash` that is none, too.
[[nodiscard]] bool verify_password(std::string_view password, const std::string& hash);
/// The hash was made with other parameters.
[[nodiscard]] bool needs_rehash(const std::string& hash, const PasswordCost& cost);

/// Overwrites the text, in a way that no compiler leaves out, and empties it.
void wipe(std::string& secret) noexcept;

}  // namespace auth
