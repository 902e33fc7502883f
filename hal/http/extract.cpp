#include <hal/http/extract.hpp>

#include <hal/base/utf8.hpp>
#include <hal/wire/percent.hpp>

#include <charconv>

namespace hal::http::detail {

namespace {

/// Handlers hand texts on: to JSON, logs and protobuf, which want UTF-8.
Expected<std::string> text_of(Place place, std::string decoded) {
  const std::size_t at = find_invalid_utf8(decoded);
  if (at == std::string::npos) return decoded;
  return bad_request(
      fmt::format("{} '{}': no UTF-8 from byte {} on", place.kind, place.name, at + 1));
}

}  // namespace

std::unexpected<Failure> wrong(Place place, std::string_view expected, std::string_view text) {
  constexpr std::size_t kShownMax = 40;
  return bad_request(fmt::format("{} '{}': expected {}, got '{}'", place.kind, place.name, expected,
                                 text.substr(0, kShownMax)));
}

std::unexpected<Failure> missing(Place place) {
  return bad_request(fmt::format("{} '{}' is missing", place.kind, place.name));
}

Expected<bool> to_bool(Place place, std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return wrong(place, "true or false", text);
}

Expected<double> to_double(Place place, std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) {
    return wrong(place, "a number", text);
  }
  return value;
}

Expected<std::string> path_value(const Exchange& exchange, std::string_view name) {
  const auto& names = exchange.route.names;
  const auto index = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  auto decoded = wire::percent_decode(exchange.values[index]);
  if (!decoded) return bad_request("path: " + decoded.error().message());
  return text_of({"path parameter", name}, std::move(*decoded));
}

Expected<std::optional<std::string>> query_value(std::string_view query, std::string_view name) {
  const auto decode = [](std::string_view text) {
    return wire::percent_decode(text, wire::Plus::kSpace);
  };
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (key != name && (key.find_first_of("%+") == key.npos || decode(key) != name)) continue;
    if (key.size() == pair.size()) return std::string{};
    auto value = decode(pair.substr(key.size() + 1));
    if (!value) return bad_request("query: " + value.error().message());
    return text_of({"query parameter", name}, std::move(*value));
  }
  return std::nullopt;
}

Expected<void> check_json_type(const Headers& headers) {
  const auto given = headers.joined("content-type");  // several are none of ours
  const std::string_view all = given ? std::string_view{*given} : "";
  const std::string_view media = ascii_trim(all.substr(0, all.find(';')));
  const auto ends_with_json = [&] {
    constexpr std::string_view kSuffix = "+json";
    return media.size() > kSuffix.size() &&
           ascii_iequals(media.substr(media.size() - kSuffix.size()), kSuffix);
  };
  if (ascii_iequals(media, "application/json") || ends_with_json()) return {};
  std::string message = given
                            ? fmt::format("content-type '{}': application/json is expected", *given)
                            : "no content-type: application/json is expected";
  return std::unexpected{Failure{415, {Code::kInvalidArgument, std::move(message)}}};
}

void check_path_name(const RouteInfo& route, std::string_view name) {
  expects(std::ranges::find(route.names, name) != route.names.end(),
          fmt::format("the handler of {} {} wants Path<\"{}\">, which the pattern does not have",
                      route.method, route.pattern, name));
}

}  // namespace hal::http::detail
