// UTF-8 (RFC 3629) for texts that come from outside or leave the process: protobuf refuses a whole
// message for one bad byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hal {

/// U+FFFD, what stands for bytes that are no UTF-8.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Bytes of the character at the front of `text`, which is not empty; 0 if there is none (RFC 3629:
/// no overlong form, no surrogate, nothing above U+10FFFF).
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  return length;
}

/// Offset of the first byte that is no part of a character; npos if there is none.
[[nodiscard]] constexpr std::size_t find_invalid_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

/// At most `bytes_max` bytes of `text`, not ending within a character.
[[nodiscard]] constexpr std::string_view cut_utf8(std::string_view text,
                                                  std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

/// How many bytes at the front of `text` are ASCII, in steps of 8: what most texts are made of.
[[nodiscard]] inline std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080) != 0) break;
  }
  return at;
}

[[nodiscard]] inline bool is_ascii(std::string_view text) noexcept {
  std::uint64_t seen = 0;
  const auto see_word = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    seen |= word;
  };
  if (text.size() < sizeof seen) {
    for (const char c : text) seen |= static_cast<std::uint8_t>(c);
  } else {
    for (std::size_t at = 0; at + sizeof seen <= text.size(); at += sizeof seen) see_word(at);
    see_word(text.size() - sizeof seen);  // what is left, and some of it again
  }
  return (seen & 0x8080808080808080) == 0;
}

/// Appends `text`; bytes that are no UTF-8 become U+FFFD each.
template <class Out>
void append_utf8(Out& out, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t at = ascii_prefix(text); at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) {
      out.append(text.data() + done, text.data() + at);
      out.append(kReplacement.data(), kReplacement.data() + kReplacement.size());
      done = at + 1;
    }
    at += length == 0 ? 1 : length;
  }
  out.append(text.data() + done, text.data() + text.size());
}

}  // namespace hal
