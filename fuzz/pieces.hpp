// Input in pieces, as a socket gives it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fuzz {

/// `text` cut by a rule that the input chooses: 0 leaves it whole, other numbers make pieces of at
/// most that many bytes.
inline std::vector<std::string_view> pieces_of(std::string_view text, std::uint8_t size) {
  std::vector<std::string_view> pieces;
  const std::size_t most = size == 0 ? text.size() : size;
  for (; !text.empty(); text.remove_prefix(std::min(most, text.size()))) {
    pieces.push_back(text.substr(0, most));
  }
  return pieces;
}

}  // namespace fuzz
