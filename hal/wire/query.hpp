// The query of a request target: "a=1&b=x%20y".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hal/base/status.hpp>

namespace hal::wire {

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

/// Names and values, decoded ('+' is a space), in the order they came, duplicates kept. A name
/// without '=' has an empty value; empty parts ("a&&b") are skipped. `query` starts behind '?'.
/// kInvalidArgument for a broken escape, or for more than `pairs_max` pairs (they cost memory
/// beyond the size of the target).
[[nodiscard]] Result<QueryPairs> parse_query(std::string_view query, std::size_t pairs_max = 1000);

/// The opposite, without '?'.
[[nodiscard]] std::string format_query(const QueryPairs& pairs);

/// A request target in origin form, cut at the first '?'. Views into `target`.
struct TargetParts {
  std::string_view path;
  std::string_view query;
};
[[nodiscard]] TargetParts split_target(std::string_view target) noexcept;

}  // namespace hal::wire
