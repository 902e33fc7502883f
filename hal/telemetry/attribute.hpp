// What a span says about its work: keys and values, as views into the caller's memory.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace hal::telemetry {

/// A value for the duration of one call: text is a view and is copied by whoever keeps it.
class AttributeValue {
 public:
  using List = std::span<const std::string_view>;
  using Variant = std::variant<std::string_view, bool, std::int64_t, double, List>;

  AttributeValue(const char* text) : value_{std::string_view{text}} {}
  AttributeValue(std::string_view text) : value_{text} {}
  AttributeValue(const std::string& text) : value_{std::string_view{text}} {}
  /// A list of texts, as request headers are recorded.
  AttributeValue(List texts) : value_{texts} {}
  AttributeValue(std::same_as<bool> auto flag) : value_{flag} {}
  /// An unsigned number above 2^63 - 1 wraps: OTLP has no other integer.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  AttributeValue(T number) : value_{static_cast<std::int64_t>(number)} {}
  AttributeValue(std::floating_point auto number) : value_{static_cast<double>(number)} {}

  [[nodiscard]] const Variant& variant() const noexcept { return value_; }

 private:
  Variant value_;
};

/// Keys are UTF-8 and not empty; the standard ones are in semconv.hpp.
struct Attribute {
  std::string_view key;
  AttributeValue value;
};

using AttributeList = std::initializer_list<Attribute>;

}  // namespace hal::telemetry
