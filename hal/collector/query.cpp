#include <hal/collector/query.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <hal/base/ascii.hpp>

namespace hal::collector {
namespace {

struct Unit {
  std::string_view name;
  double ns;
};

// Go's units (package time, ParseDuration) and the days of Jaeger's page.
constexpr std::array<Unit, 9> kUnits{{{"ns", 1},
                                      {"us", 1e3},
                                      {"\u00b5s", 1e3},
                                      {"\u03bcs", 1e3},
                                      {"ms", 1e6},
                                      {"s", 1e9},
                                      {"m", 60e9},
                                      {"h", 3600e9},
                                      {"d", 86400e9}}};

/// 1.5s, 1m30s; nullopt for anything else, also for more than 100 years.
std::optional<std::uint64_t> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto number_size = text.find_first_not_of("0123456789.");
    if (number_size == std::string_view::npos) return std::nullopt;
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + number_size, number);
    if (failed != std::errc{} || end != text.data() + number_size) return std::nullopt;
    text.remove_prefix(number_size);
    const auto unit_size = std::min(text.find_first_of("0123456789."), text.size());
    const auto name = text.substr(0, unit_size);
    const auto* const unit = std::ranges::find(kUnits, name, &Unit::name);
    if (unit == kUnits.end()) return std::nullopt;
    total += number * unit->ns;
    text.remove_prefix(unit_size);
  }
  constexpr double kMax = 100 * 366 * 86400e9;
  return total <= kMax ? std::optional{static_cast<std::uint64_t>(total)} : std::nullopt;
}

class QueryReader {
 public:
  QueryReader(std::uint64_t now_unix_ns, const QueryLimits& limits)
      : now_unix_ns_{now_unix_ns}, limits_{limits} {
    query_.limit = limits.limit_default;
  }

  Result<> read(std::string_view name, std::string_view value) {
    if (value.empty()) return {};
    if (name == "service") query_.filter.service = value;
    if (name == "operation") query_.filter.operation = value;
    if (name == "limit") return read_limit(value);
    if (name == "tags") return read_tags(value);
    if (name == "tag") return read_tag(value);
    if (name == "traceID") return read_id(value);
    if (name == "start") return read_time(name, value, query_.filter.start_min_unix_ns);
    if (name == "end") return read_time(name, value, query_.filter.start_max_unix_ns);
    if (name == "minDuration") return read_duration(name, value, query_.filter.duration_min_ns);
    if (name == "maxDuration") return read_duration(name, value, query_.filter.duration_max_ns);
    // The page of Jaeger sends lookback=custom beside start and end.
    if (name == "lookback" && value != "custom") return read_duration(name, value, lookback_ns_);
    return {};
  }

  Result<TraceQuery> finish() {
    auto& filter = query_.filter;
    if (lookback_ns_ && !filter.start_min_unix_ns) {
      const auto end = filter.start_max_unix_ns.value_or(now_unix_ns_);
      filter.start_min_unix_ns = end - std::min(end, *lookback_ns_);
    }
    if (filter.start_min_unix_ns > filter.start_max_unix_ns && filter.start_max_unix_ns) {
      return error(Code::kInvalidArgument, "start is after end");
    }
    if (filter.duration_min_ns > filter.duration_max_ns && filter.duration_max_ns) {
      return error(Code::kInvalidArgument, "minDuration is longer than maxDuration");
    }
    return std::move(query_);
  }

 private:
  static Result<> refuse(std::string_view name, std::string_view value, std::string_view rule) {
    return error(Code::kInvalidArgument,
                 fmt::format("{}=\"{}\" {}", name, value.substr(0, 100), rule));
  }

  Result<> read_limit(std::string_view value) {
    const auto limit = parse_int<std::size_t>(value);
    if (!limit || *limit == 0 || *limit > limits_.limit_max) {
      return refuse("limit", value,
                    fmt::format("must be a number from 1 to {}", limits_.limit_max));
    }
    query_.limit = *limit;
    return {};
  }

  Result<> read_id(std::string_view value) {
    const auto id = TraceId::from_hex(value);
    if (!id || !id->valid()) {
      return refuse("traceID", value, "must be 1-32 hexadecimal digits, not all zero");
    }
    query_.ids.push_back(*id);
    return {};
  }

  static Result<> read_time(std::string_view name, std::string_view value,
                            std::optional<std::uint64_t>& time_ns) {
    const auto micros = parse_int<std::uint64_t>(value);
    if (!micros || *micros > UINT64_MAX / 1000) {
      return refuse(name, value, "must be a time in microseconds since 1970");
    }
    time_ns = *micros * 1000;
    return {};
  }

  static Result<> read_duration(std::string_view name, std::string_view value,
                                std::optional<std::uint64_t>& duration_ns) {
    duration_ns = parse_duration(value);
    if (!duration_ns) return refuse(name, value, "must be a duration such as 1.5s, 200ms or 1h30m");
    return {};
  }

  Result<> read_tag(std::string_view value) {
    const auto colon = value.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return refuse("tag", value, "must be key:value");
    }
    query_.filter.tags.emplace_back(value.substr(0, colon), value.substr(colon + 1));
    return {};
  }

  Result<> read_tags(std::string_view value) {
    constexpr std::string_view kRule =
        "must be a JSON object of texts such as {\"error\":\"true\"}";
    boost::system::error_code failed;
    const auto json = boost::json::parse({value.data(), value.size()}, failed);
    const auto* object = failed ? nullptr : json.if_object();
    if (object == nullptr) return refuse("tags", value, kRule);
    for (const auto& [key, item] : *object) {
      if (item.is_structured()) return refuse("tags", value, kRule);
      // true and 200 are taken as "true" and "200": Jaeger refuses them, with no gain for anybody.
      const auto* text = item.if_string();
      query_.filter.tags.emplace_back(std::string{key},
                                      text ? std::string{text->data(), text->size()}
                                           : std::string{boost::json::serialize(item)});
    }
    return {};
  }

  std::uint64_t now_unix_ns_;
  const QueryLimits& limits_;
  TraceQuery query_;
  std::optional<std::uint64_t> lookback_ns_;
};

}  // namespace

Result<TraceQuery> parse_trace_query(
    std::span<const std::pair<std::string, std::string>> parameters, std::uint64_t now_unix_ns,
    const QueryLimits& limits) {
  QueryReader reader{now_unix_ns, limits};
  for (const auto& [name, value] : parameters) {
    if (auto read = reader.read(name, value); !read) return error(read.error());
  }
  return reader.finish();
}

}  // namespace hal::collector
