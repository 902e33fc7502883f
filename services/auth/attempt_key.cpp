#include "attempt_key.hpp"

#include <hal/base/contract.hpp>

#include <sodium.h>

#include <string>

namespace auth {
namespace {

const std::uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

AttemptKey attempt_key(std::string_view secret, std::string_view name, std::string_view client) {
  hal::expects(secret.size() >= crypto_generichash_KEYBYTES_MIN &&
                   secret.size() <= crypto_generichash_KEYBYTES_MAX,
               "the secret of a database has 16 to 64 bytes");
  // No name has a NUL: no two pairs make the same text.
  std::string text{name};
  if (!client.empty()) {
    text += '\0';
    text += client;
  }
  AttemptKey key(kAttemptKeyBytes, '\0');
  crypto_generichash(reinterpret_cast<std::uint8_t*>(key.data()), key.size(), bytes(text),
                     text.size(), bytes(secret), secret.size());
  return key;
}

}  // namespace auth
