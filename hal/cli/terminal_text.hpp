// Text in the columns of a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hal::cli {

/// Columns a terminal needs for this UTF-8 text: 2 for East Asian wide characters and emoji, 0 for
/// combining marks, 1 for all others.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// The text with every control character and every byte that is no UTF-8 as '?': names come from
/// other programs, and an escape sequence in one must not reach the terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// At most `width` columns: the middle gives way to `ellipsis`, for the ends of names differ most.
/// Expects printable() text. Empty for 0.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t width,
                                  std::string_view ellipsis);

/// Spaces added behind (or before) the text up to `width` columns.
[[nodiscard]] std::string pad_right(std::string_view text, std::size_t width);
[[nodiscard]] std::string pad_left(std::string_view text, std::size_t width);

/// Three digits and a unit: "850 ns", "12.3 \u00b5s" (`micro` is how that letter is written),
/// "2.41 ms", "1.50 s", "2m05s", "3h07m".
[[nodiscard]] std::string human_duration(std::uint64_t ns, std::string_view micro = "\u00b5");

/// "1 trace", "2 traces".
[[nodiscard]] std::string plural(std::size_t count, std::string_view noun);

/// "2026-11-25T12:01:03Z" (RFC 3339), to the second.
[[nodiscard]] std::string utc_time(std::uint64_t unix_ns);

}  // namespace hal::cli
