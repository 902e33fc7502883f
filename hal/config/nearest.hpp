// The known name that a wrong one most likely means.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hal::config {

/// The one of `known` that the fewest changed, added or left out letters (Levenshtein) make of
/// `word`; the first of several, empty when `known` is. It lives as long as `known`.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string> known);

}  // namespace hal::config
