#include <hal/transport/http_date.hpp>

#include <hal/base/ascii.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace hal::transport {
namespace {

// Not those of strftime and strptime: they follow the locale.
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::size_t kParts = 8;
using Parts = std::array<std::string_view, kParts>;

/// What stands between spaces, commas, hyphens and colons; the rest of the array is empty.
std::optional<Parts> split(std::string_view text) {
  Parts parts{};
  std::size_t count = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ,-:"), text.size());
    if (end > 0) {
      if (count == parts.size()) return std::nullopt;
      parts[count++] = text.substr(0, end);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// Two digits are a year of 1970 to 2069: nobody sends dates of other ones in that old form.
int full_year(std::string_view digits, int year) {
  if (digits.size() > 2) return year;
  return year + (year < 70 ? 2000 : 1900);
}

}  // namespace

std::string format_http_date(std::time_t time) {
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::nullopt;
  auto [weekday, day, month, year, hour, minute, second, zone] = *parts;
  // asctime's form, "Sun Nov  6 08:49:37 1994", has neither a zone nor this order.
  if (zone.empty()) {
    std::tie(month, day, hour, minute, second, year) =
        std::tuple{day, month, year, hour, minute, second};
  } else if (zone != "GMT") {
    return std::nullopt;
  }
  const auto* const name = std::ranges::find(kMonths, month);
  const auto number = [](std::string_view digits, int max) {
    const auto value = parse_int<int>(digits);
    return value && *value >= 0 && *value <= max ? value : std::nullopt;
  };
  const auto y = number(year, 9999), d = number(day, 31), h = number(hour, 23);
  const auto m = number(minute, 59), s = number(second, 60);  // 60: a leap second
  if (name == kMonths.end() || !y || !d || !h || !m || !s) return std::nullopt;
  namespace chrono = std::chrono;
  const chrono::year_month_day date{
      chrono::year{full_year(year, *y)},
      chrono::month{static_cast<unsigned>(name - kMonths.begin() + 1)},
      chrono::day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  const chrono::seconds midnight = chrono::sys_days{date}.time_since_epoch();
  return midnight.count() + ((*h * 60) + *m) * 60 + *s;
}

std::string_view http_date_now() {
  thread_local std::time_t second = -1;
  thread_local std::string text;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != second) {
    second = now.tv_sec;
    text = format_http_date(second);
  }
  return text;
}

}  // namespace hal::transport
