#include <hal/identity/ed25519.hpp>

#include <hal/base/contract.hpp>
#include <hal/identity/base64url.hpp>

#include <fmt/format.h>
#include <sodium.h>

namespace hal::identity {
namespace {

/// libsodium wants to be told before its first use; it may be told again, by any thread.
void need_sodium() { expects(sodium_init() >= 0, "libsodium has random numbers"); }

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Ed25519KeyPair Ed25519KeyPair::generate() {
  need_sodium();
  Ed25519KeyPair pair;
  crypto_sign_keypair(pair.public_key_.data(), pair.secret_.data());
  return pair;
}

Ed25519KeyPair Ed25519KeyPair::from_seed(std::span<const std::uint8_t, kSeedBytes> seed) {
  need_sodium();
  Ed25519KeyPair pair;
  crypto_sign_seed_keypair(pair.public_key_.data(), pair.secret_.data(), seed.data());
  return pair;
}

Ed25519KeyPair::~Ed25519KeyPair() { sodium_memzero(secret_.data(), secret_.size()); }

Ed25519Signature Ed25519KeyPair::sign(std::string_view message) const {
  Ed25519Signature signature;
  crypto_sign_detached(signature.data(), nullptr, bytes_of(message), message.size(),
                       secret_.data());
  return signature;
}

bool verify(std::string_view message, const Ed25519Signature& signature,
            const Ed25519PublicKey& key) {
  need_sodium();
  return crypto_sign_verify_detached(signature.data(), bytes_of(message), message.size(),
                                     key.data()) == 0;
}

bool is_valid(const Ed25519PublicKey& key) {
  need_sodium();
  return crypto_core_ed25519_is_valid_point(key.data()) == 1;
}

std::string thumbprint(const Ed25519PublicKey& key) {
  // The required members, in the order of their names, without spaces.
  const std::string jwk =
      fmt::format(R"({{"crv":"Ed25519","kty":"OKP","x":"{}"}})", base64url_encode(key));
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), bytes_of(jwk), jwk.size());
  return base64url_encode(hash);
}

}  // namespace hal::identity
