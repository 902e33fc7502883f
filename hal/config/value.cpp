#include <hal/config/value.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hal::config::detail {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

// Largest first: printing takes the first unit that leaves no remainder.
constexpr std::array<Unit, 6> kUnits{
    Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},         Unit{"ns", 1}};

bool within(const Range& range, long double number) {
  return number >= range.min && number <= range.max;
}

template <class Int>
Refusal parse_integer(std::string_view text, const Range& range, Int& value) {
  const auto number = parse_int<Int>(text);
  if (number && within(range, static_cast<long double>(*number))) {
    value = *number;
    return std::nullopt;
  }
  return fmt::format("a whole number from {} to {}", static_cast<Int>(range.min),
                     static_cast<Int>(range.max));
}

/// "1.5" in units of `unit` nanoseconds; nullopt when it is no number, does not fit or is finer
/// than a nanosecond.
std::optional<std::int64_t> scaled(std::string_view text, std::int64_t unit) {
  const auto dot = text.find('.');
  const auto whole = parse_int<std::int64_t>(text.substr(0, dot));
  if (!whole || *whole < 0 || *whole > Limits::max() / unit) return std::nullopt;
  std::int64_t total = *whole * unit;
  if (dot == std::string_view::npos) return total;
  const auto digits = text.substr(dot + 1);
  if (digits.empty()) return std::nullopt;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9' || unit % 10 != 0) return std::nullopt;
    unit /= 10;
    const std::int64_t part = (digit - '0') * unit;
    if (part > Limits::max() - total) return std::nullopt;
    total += part;
  }
  return total;
}

std::optional<std::int64_t> duration_ns(std::string_view text, std::int64_t bare_unit) {
  const auto number_end = text.find_first_not_of("0123456789.");
  if (number_end == std::string_view::npos) return scaled(text, bare_unit);
  const auto unit_name = text.substr(number_end);
  const auto unit = std::ranges::find(kUnits, unit_name, &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  return scaled(text.substr(0, number_end), unit->ns);
}

/// "kDropOldest", "DropOldest", "drop_oldest" -> "drop-oldest".
std::string kebab(std::string_view name) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (name.size() > 1 && name[0] == 'k' && upper(name[1])) name.remove_prefix(1);
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool starts_word = i > 0 && upper(name[i]) && !upper(name[i - 1]) && name[i - 1] != '_';
    if (starts_word) text += '-';
    text += name[i] == '_' ? '-' : ascii_lower(name[i]);
  }
  return text;
}

}  // namespace

Refusal parse(std::string_view text, const Range&, std::string& value) {
  value = text;
  return std::nullopt;
}

Refusal parse(std::string_view text, const Range&, bool& value) {
  constexpr std::array<std::string_view, 4> kTrue{"true", "1", "yes", "on"};
  constexpr std::array<std::string_view, 4> kFalse{"false", "0", "no", "off"};
  const auto is = [&](std::string_view word) { return ascii_iequals(word, text); };
  const bool is_true = std::ranges::any_of(kTrue, is);
  if (!is_true && std::ranges::none_of(kFalse, is)) {
    return "true or false (also 1/0, yes/no, on/off)";
  }
  value = is_true;
  return std::nullopt;
}

Refusal parse(std::string_view text, const Range& range, double& value) {
  double number{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = ec == std::errc{} && end == text.data() + text.size();
  if (whole && std::isfinite(number) && within(range, static_cast<long double>(number))) {
    value = number;
    return std::nullopt;
  }
  const double min = static_cast<double>(range.min);
  const double max = static_cast<double>(range.max);
  if (std::isinf(min) && std::isinf(max)) return "a number";
  if (std::isinf(max)) return fmt::format("a number of at least {}", min);
  if (std::isinf(min)) return fmt::format("a number of at most {}", max);
  return fmt::format("a number from {} to {}", min, max);
}

Refusal parse(std::string_view text, const Range& range, Port& value) {
  const Range ports{std::max(range.min, 0.0L), std::min(range.max, 65535.0L)};
  std::uint64_t number{};
  if (!parse_integer(text, ports, number)) {
    value = Port{static_cast<std::uint16_t>(number)};
    return std::nullopt;
  }
  std::string allowed = fmt::format("a port number from {} to {}", static_cast<int>(ports.min),
                                    static_cast<int>(ports.max));
  if (text.starts_with("tcp://") || text.starts_with("udp://")) {
    allowed +=
        "; Kubernetes service links set this variable because a Service in the namespace has this "
        "name: put `enableServiceLinks: false` into the pod's spec, or set the port by its flag";
  }
  return allowed;
}

Refusal parse(std::string_view text, const Range&, std::vector<std::string>& value) {
  value.clear();
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto item = ascii_trim(text.substr(0, comma));
    if (!item.empty()) value.emplace_back(item);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return std::nullopt;
}

Refusal parse_signed(std::string_view text, const Range& range, std::int64_t& value) {
  return parse_integer(text, range, value);
}

Refusal parse_unsigned(std::string_view text, const Range& range, std::uint64_t& value) {
  return parse_integer(text, range, value);
}

Refusal parse_duration(std::string_view text, const Range& range, std::int64_t unit,
                       std::int64_t& nanoseconds) {
  const auto ns = duration_ns(text, unit);
  if (ns && *ns % unit == 0 && within(range, static_cast<long double>(*ns))) {
    nanoseconds = *ns;
    return std::nullopt;
  }
  std::string allowed =
      fmt::format("a duration such as 200ms, 5s or 2m (a bare number counts {}), in steps of {}",
                  print_duration(unit), print_duration(unit));
  if (range.min > 0)
    allowed += ", at least " + print_duration(static_cast<std::int64_t>(range.min));
  if (!std::isinf(range.max)) {
    allowed += ", at most " + print_duration(static_cast<std::int64_t>(range.max));
  }
  return allowed;
}

Refusal parse_enum(std::string_view text, std::span<const Enumerator> enumerators,
                   std::int64_t& value) {
  std::vector<std::string> names;
  for (const Enumerator& enumerator : enumerators) {
    names.push_back(kebab(enumerator.name));
    if (ascii_iequals(names.back(), text)) {
      value = enumerator.value;
      return std::nullopt;
    }
  }
  return fmt::format("one of {}", fmt::join(names, ", "));
}

std::string print(const std::string& value) { return value; }
std::string print(bool value) { return value ? "true" : "false"; }
std::string print(double value) { return fmt::format("{}", value); }
std::string print(Port value) { return print_unsigned(value.number()); }
std::string print(const std::vector<std::string>& value) {
  return fmt::format("{}", fmt::join(value, ","));
}
std::string print_signed(std::int64_t value) { return fmt::format_int{value}.str(); }
std::string print_unsigned(std::uint64_t value) { return fmt::format_int{value}.str(); }

std::string print_duration(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const auto unit = std::ranges::find_if(
      kUnits, [nanoseconds](const Unit& u) { return nanoseconds % u.ns == 0; });
  return fmt::format("{}{}", nanoseconds / unit->ns, unit->name);
}

std::string print_enum(std::span<const Enumerator> enumerators, std::int64_t value) {
  const auto found = std::ranges::find(enumerators, value, &Enumerator::value);
  return found == enumerators.end() ? print_signed(value) : kebab(found->name);
}

}  // namespace hal::config::detail
