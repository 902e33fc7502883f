#include <hal/base/trace_context.hpp>

#include <hal/base/hex.hpp>

namespace hal {
namespace {

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> parse_hex(std::string_view text) noexcept {
  if (text.empty() || text.size() > 2 * N) return std::nullopt;
  std::array<char, 2 * N> digits;
  digits.fill('0');
  text.copy(digits.data() + digits.size() - text.size(), text.size());
  std::array<std::uint8_t, N> bytes{};
  int all = 0;  // negative once a value is
  for (std::size_t i = 0; i < N; ++i) {
    const int high = hex_value(digits[2 * i]);
    const int low = hex_value(digits[2 * i + 1]);
    all |= high | low;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | (low & 0xf));
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
