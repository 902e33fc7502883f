#include <hal/wire/query.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <hal/wire/percent.hpp>

namespace hal::wire {

Result<QueryPairs> parse_query(std::string_view query, std::size_t pairs_max) {
  QueryPairs pairs;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    if (pairs.size() == pairs_max) {
      return error(Code::kInvalidArgument,
                   fmt::format("the query has more than {} parts", pairs_max));
    }
    const auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), Plus::kSpace);
    if (!name) return error(name.error().with_prefix("query, a name"));
    std::string_view value;
    if (equals != part.npos) value = part.substr(equals + 1);
    auto decoded = percent_decode(value, Plus::kSpace);
    if (!decoded) return error(decoded.error().with_prefix("query, a value"));
    pairs.emplace_back(std::move(*name), std::move(*decoded));
  }
  return pairs;
}

std::string format_query(const QueryPairs& pairs) {
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (!query.empty()) query += '&';
    query.append(percent_encode(name)).append("=").append(percent_encode(value));
  }
  return query;
}

TargetParts split_target(std::string_view target) noexcept {
  const auto mark = target.find('?');
  if (mark == target.npos) return {.path = target, .query = {}};
  return {.path = target.substr(0, mark), .query = target.substr(mark + 1)};
}

}  // namespace hal::wire
