// Ed25519 (RFC 8032) on libsodium: keys, signatures, and the names of keys.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hal::identity {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

/// A private key with its public one. Thread-safe once made; its bytes are wiped with it.
class Ed25519KeyPair {
 public:
  static constexpr std::size_t kSeedBytes = 32;

  /// From the kernel's random numbers.
  [[nodiscard]] static Ed25519KeyPair generate();
  /// The key that RFC 8032 5.1.5 makes of these bytes, which are the secret ("d" of RFC 8037 2).
  [[nodiscard]] static Ed25519KeyPair from_seed(std::span<const std::uint8_t, kSeedBytes> seed);

  Ed25519KeyPair(const Ed25519KeyPair&) = default;
  Ed25519KeyPair& operator=(const Ed25519KeyPair&) = default;
  ~Ed25519KeyPair();

  [[nodiscard]] const Ed25519PublicKey& public_key() const noexcept { return public_key_; }
  /// The secret. Valid as long as the key.
  [[nodiscard]] std::span<const std::uint8_t, kSeedBytes> seed() const noexcept {
    return std::span{secret_}.first<kSeedBytes>();
  }
  [[nodiscard]] Ed25519Signature sign(std::string_view message) const;

 private:
  Ed25519KeyPair() = default;

  std::array<std::uint8_t, 64> secret_{};  // seed and public key: libsodium's form
  Ed25519PublicKey public_key_{};
};

/// Whether `signature` is the key's. Only canonical encodings count, and no key or signature point
/// of small order: with those one signature would fit many messages.
[[nodiscard]] bool verify(std::string_view message, const Ed25519Signature& signature,
                          const Ed25519PublicKey& key);

/// Whether these bytes are a point that can be somebody's key: canonical, on the curve, of the main
/// subgroup.
[[nodiscard]] bool is_valid(const Ed25519PublicKey& key);

/// The key's name: the SHA-256 thumbprint of its JWK (RFC 7638 3, RFC 8037 A.3), 43 characters.
[[nodiscard]] std::string thumbprint(const Ed25519PublicKey& key);

}  // namespace hal::identity
