#include <hal/cli/terminal_text.hpp>

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace hal::cli {
namespace {

struct Character {
  std::size_t bytes = 1;
  char32_t code = 0;
  bool valid = false;
};

/// The first character of the text; not valid for a control character or a byte that is no UTF-8.
Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {.code = lead, .valid = lead >= 0x20 && lead != 0x7F};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  char32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kLeast[bytes] || code > 0x10FFFF || is_surrogate) return {};
  // 0x80-0x9F are control characters too; 0x202A-0x202E and 0x2066-0x2069 turn the line around.
  const bool is_control =
      code < 0xA0 || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return {.bytes = bytes, .code = code, .valid = !is_control};
}

std::size_t width_of(char32_t code) noexcept {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr std::array<Range, 4> kNone{
      {{0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
  // Unicode Standard Annex 11, the ranges where W and F are.
  constexpr std::array<Range, 7> kWide{{{0x1100, 0x115F},
                                        {0x2E80, 0xA4CF},
                                        {0xAC00, 0xD7A3},
                                        {0xF900, 0xFAFF},
                                        {0xFE30, 0xFE6F},
                                        {0xFF00, 0xFF60},
                                        {0x1F300, 0x3FFFD}}};
  const auto holds = [code](const Range& range) {
    return code >= range.first && code <= range.last;
  };
  if (std::ranges::any_of(kNone, holds)) return 0;
  return std::ranges::any_of(kWide, holds) ? 2 : 1;
}

/// The longest beginning of the text that fits into `width` columns.
std::string_view head(std::string_view text, std::size_t width) noexcept {
  std::size_t bytes = 0;
  std::size_t columns = 0;
  while (bytes < text.size()) {
    const auto character = first_character(text.substr(bytes));
    columns += width_of(character.code);
    if (columns > width) break;
    bytes += character.bytes;
  }
  return text.substr(0, bytes);
}

/// The longest end of the text that fits into `width` columns.
std::string_view tail(std::string_view text, std::size_t width) noexcept {
  auto columns = display_width(text);
  while (columns > width || (!text.empty() && width_of(first_character(text).code) == 0)) {
    const auto character = first_character(text);
    columns -= width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return text;
}

}  // namespace

std::size_t display_width(std::string_view text) noexcept {
  std::size_t columns = 0;
  while (!text.empty()) {
    const auto character = first_character(text);
    columns += width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    clean += character.valid ? text.substr(0, character.bytes) : std::string_view{"?"};
    text.remove_prefix(character.bytes);
  }
  return clean;
}

std::string shorten(std::string_view text, std::size_t width, std::string_view ellipsis) {
  if (display_width(text) <= width) return std::string{text};
  const auto dots = display_width(ellipsis);
  if (width <= dots) return std::string{head(text, width)};
  const auto before = (width - dots) / 2;
  return fmt::format("{}{}{}", head(text, before), ellipsis, tail(text, width - dots - before));
}

std::string pad_right(std::string_view text, std::size_t width) {
  std::string padded{text};
  const auto columns = display_width(text);
  if (columns < width) padded.append(width - columns, ' ');
  return padded;
}

std::string pad_left(std::string_view text, std::size_t width) {
  const auto columns = display_width(text);
  return std::string(columns < width ? width - columns : 0, ' ').append(text);
}

std::string human_duration(std::uint64_t ns, std::string_view micro) {
  const auto three_digits = [](double value, std::string_view prefix) {
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}s", value, decimals, prefix);
  };
  const auto value = static_cast<double>(ns);
  if (ns == 0) return fmt::format("<1 {}s", micro);  // traces are told in microseconds
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (value < 999.5e3) return three_digits(value / 1e3, micro);
  if (value < 999.5e6) return three_digits(value / 1e6, "m");
  const auto seconds = (ns + 500'000'000) / 1'000'000'000;
  if (seconds < 60) return three_digits(value / 1e9, "");
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

std::string plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string utc_time(std::uint64_t unix_ns) {
  const auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace hal::cli
