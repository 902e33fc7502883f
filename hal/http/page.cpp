#include <hal/http/page.hpp>

#include <limits>

namespace hal::http {
namespace {

/// The number of this name, from 1 to `max`; `absent` without one.
Expected<std::uint32_t> number(const Exchange& exchange, std::string_view name, std::uint32_t max,
                               std::uint32_t absent) {
  const auto text = detail::query_value(exchange.request.query, name);
  if (!text) return std::unexpected{text.error()};
  if (!*text) return absent;
  const auto value = parse_int<std::uint32_t>(**text);
  if (value && *value >= 1 && *value <= max) return *value;
  return detail::wrong({"query parameter", name}, fmt::format("an integer from 1 to {}", max),
                       **text);
}

}  // namespace

Expected<Page> Page::extract(const Exchange& exchange) {
  const auto current =
      number(exchange, "current", std::numeric_limits<std::uint32_t>::max(), Page{}.current);
  if (!current) return std::unexpected{current.error()};
  const auto size = number(exchange, "pageSize", kSizeMax, kSizeDefault);
  if (!size) return std::unexpected{size.error()};
  return Page{.current = *current, .size = *size};
}

}  // namespace hal::http
