// Where in a JSON text something is: for error messages only, so it may be slow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hal::http::json::detail {

/// Offset of token `number` (from 1): a bracket, a key, a string, a number or a literal. The text
/// is well formed up to that token. text.size() when there are fewer tokens.
[[nodiscard]] std::size_t token_offset(std::string_view text, std::size_t number);

/// "line 3, column 14"; both count from 1, columns count bytes.
[[nodiscard]] std::string line_and_column(std::string_view text, std::size_t offset);

}  // namespace hal::http::json::detail
