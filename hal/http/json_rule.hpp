// What a member's value must be beyond its type, declared beside the struct.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace hal::http::json {

/// From `min` to `max`, both allowed.
template <class T>
struct Bounds {
  T min = std::numeric_limits<T>::lowest();
  T max = std::numeric_limits<T>::max();
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

/// A struct has its rules in `static constexpr json::Rule kRules[]`, at most one for each member:
///   struct Credentials {
///     std::string username{};
///     std::uint16_t age = 0;
///     static constexpr json::Rule kRules[] = {
///         {.member = "username", .size = {1, 64}, .fits = is_name, .allowed = "letters"},
///         {.member = "age", .range = {18, 150}}};
///   };
/// Reading checks them: INVALID_ARGUMENT names path, rule and place, and never quotes a text. They
/// hold for the value inside an optional member. A rule for no member, or of another type than its
/// member's, does not compile.
struct Rule {
  std::string_view member;  ///< its name in C++
  /// Bytes of a string, elements of an array or map.
  Bounds<std::size_t> size{};
  /// Of an integer, or of a double.
  Bounds<std::int64_t> range{};
  /// Of a string: does it take the text? `allowed` ends the message "expected ...".
  bool (*fits)(std::string_view text) = nullptr;
  std::string_view allowed{};
};

}  // namespace hal::http::json
