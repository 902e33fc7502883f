#include <hal/base/uuid.hpp>

#include <hal/base/contract.hpp>
#include <hal/base/hex.hpp>

#include <sys/random.h>

namespace hal {
namespace {

constexpr bool is_dash_place(std::size_t index) noexcept {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

}  // namespace

std::string make_uuid() {
  std::array<std::uint8_t, 16> bytes{};
  // Up to 256 bytes come whole and uninterrupted once the kernel's pool is ready (getrandom(2)).
  expects(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "the kernel has random numbers");
  return uuid_from_random(bytes);
}

std::string uuid_from_random(std::array<std::uint8_t, 16> bytes) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text = to_hex(bytes);
  for (const std::size_t place : {8U, 13U, 18U, 23U}) text.insert(place, 1, '-');
  return text;
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_dash_place(i) ? c != '-' : hex_value(c) < 0 || (c >= 'A' && c <= 'F')) return false;
  }
  return true;
}

}  // namespace hal
