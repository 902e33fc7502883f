#include "password.hpp"

#include <hal/base/utf8.hpp>

#include <sodium.h>

#include <array>

#include <fmt/format.h>

namespace auth {

using hal::Code;
using hal::Result;

Result<> check_password(std::string_view password) {
  if (password.size() < kPasswordBytesMin || password.size() > kPasswordBytesMax) {
    return hal::error(Code::kInvalidArgument, fmt::format("password: allowed are {} to {} bytes",
                                                          kPasswordBytesMin, kPasswordBytesMax));
  }
  if (hal::find_invalid_utf8(password) != std::string_view::npos) {
    return hal::error(Code::kInvalidArgument, "password: allowed is UTF-8 only");
  }
  return {};
}

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  if (auto checked = check_password(password); !checked) {
    return hal::error(std::move(checked.error()));
  }
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), cost.passes,
                                 cost.memory_bytes) != 0) {
    return hal::error(Code::kResourceExhausted,
                      fmt::format("a password hash needs {} MiB of memory, which are not there",
                                  cost.memory_bytes >> 20));
  }
  return std::string{text.data()};
}

bool verify_password(std::string_view password, const std::string& hash) {
  return crypto_pwhash_argon2id_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool needs_rehash(const std::string& hash, const PasswordCost& cost) {
  return crypto_pwhash_argon2id_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_bytes) != 0;
}

void wipe(std::string& secret) noexcept {
  sodium_memzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace auth
