#include <hal/base/trace_context.hpp>

#include <hal/base/hex.hpp>

namespace hal {
namespace {

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> parse_hex(std::string_view text) noexcept {
  if (text.empty() || text.size() > 2 * N) return std::nullopt;
  std::array<std::uint8_t, N> bytes{};
  std::size_t digit = 2 * N - text.size();
  int all = 0;  // negative once a value is
  for (const char c : text) {
    const int value = hex_value(c);
    all |= value;
    auto& byte = bytes[digit / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | (value & 0xf));
    ++digit;
  }
  return all < 0 ? std::nullopt : std::optional{bytes};
}

}  // namespace

std::string TraceId::hex() const { return to_hex(bytes); }

std::optional<TraceId> TraceId::from_hex(std::string_view text) noexcept {
  const auto bytes = parse_hex<16>(text);
  return bytes ? std::optional{TraceId{*bytes}} : std::nullopt;
}

std::string SpanId::hex() const { return to_hex(bytes); }

std::optional<SpanId> SpanId::from_hex(std::string_view text) noexcept {
  const auto bytes = parse_hex<8>(text);
  return bytes ? std::optional{SpanId{*bytes}} : std::nullopt;
}

}  // namespace hal
