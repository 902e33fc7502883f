#include <hal/identity/base64url.hpp>

#include <sodium.h>

namespace hal::identity {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

std::string base64url_encode(std::span<const std::uint8_t> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the zero at the end is counted
  return text;
}

std::string base64url_encode(std::string_view bytes) {
  return base64url_encode(
      std::span{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  // A null end pointer: the whole text has to be base64url.
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, kVariant) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  // libsodium 1.0.18 takes some bytes above 0x7f for letters: what is not written so is not read.
  if (base64url_encode(std::string_view{bytes}) != text) return std::nullopt;
  return bytes;
}

}  // namespace hal::identity
