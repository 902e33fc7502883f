#include <hal/wire/request_id.hpp>

#include <hal/base/hex.hpp>

#include <algorithm>
#include <array>

namespace hal::wire {

std::string make_request_id(std::span<const std::uint8_t, 16> random, bool sampled) {
  std::array<std::uint8_t, 16> bytes;
  std::ranges::copy(random, bytes.begin());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | (sampled ? 0x90 : 0x40));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text(36, '-');
  char* out = text.data();
  const std::span<const std::uint8_t> all{bytes};
  for (const auto& group : {all.first(4), all.subspan(4, 2), all.subspan(6, 2), all.subspan(8, 2),
                            all.subspan(10, 6)}) {
    out = write_hex(group, out) + 1;  // over the dash that stands there
  }
  return text;
}

}  // namespace hal::wire
