// The types an option may have: how each is read from text and printed.
#pragma once

#include <hal/base/ascii.hpp>
#include <hal/config/port.hpp>

#include <boost/describe/enumerators.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hal::config {

/// Smallest and largest allowed number of an option; nanoseconds for durations. The type holds
/// every 64-bit integer exactly (x86-64's 64-bit significand).
struct Range {
  long double min = -std::numeric_limits<long double>::infinity();
  long double max = std::numeric_limits<long double>::infinity();
};

/// Nothing when the text was read, else what is allowed: "a number from 0 to 65535".
using Refusal = std::optional<std::string>;

namespace detail {

/// One option's type, erased: two functions on an object of that type.
struct ValueType {
  Refusal (*parse)(std::string_view text, const Range& range, void* value);
  std::string (*print)(const void* value);
  bool is_bool = false;
};

struct Enumerator {
  const char* name;
  std::int64_t value;
};

Refusal parse(std::string_view text, const Range& range, std::string& value);
Refusal parse(std::string_view text, const Range& range, bool& value);
Refusal parse(std::string_view text, const Range& range, double& value);
Refusal parse(std::string_view text, const Range& range, Port& value);
Refusal parse(std::string_view text, const Range& range, std::vector<std::string>& value);
Refusal parse_signed(std::string_view text, const Range& range, std::int64_t& value);
Refusal parse_unsigned(std::string_view text, const Range& range, std::uint64_t& value);
/// `unit` is the nanoseconds of a bare number, and the finest step allowed.
Refusal parse_duration(std::string_view text, const Range& range, std::int64_t unit,
                       std::int64_t& nanoseconds);
Refusal parse_enum(std::string_view text, std::span<const Enumerator> enumerators,
                   std::int64_t& value);

std::string print(const std::string& value);
std::string print(bool value);
std::string print(double value);
std::string print(Port value);
std::string print(const std::vector<std::string>& value);
std::string print_signed(std::int64_t value);
std::string print_unsigned(std::uint64_t value);
std::string print_duration(std::int64_t nanoseconds);
std::string print_enum(std::span<const Enumerator> enumerators, std::int64_t value);

template <class T>
inline constexpr bool kIsDuration = false;
template <class Rep, class Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = std::integral<Rep>;

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept Builtin =
    std::same_as<T, std::string> || std::same_as<T, bool> || std::same_as<T, double> ||
    std::same_as<T, Port> || std::same_as<T, std::vector<std::string>>;

template <template <class...> class List, class... D>
constexpr std::array<Enumerator, sizeof...(D)> enumerators_of(List<D...>) {
  return {Enumerator{D::name, static_cast<std::int64_t>(D::value)}...};
}

template <DescribedEnum E>
inline constexpr auto kEnumerators = enumerators_of(boost::describe::describe_enumerators<E>{});

template <class Duration>
inline constexpr std::int64_t kUnitNs =
    std::chrono::duration_cast<std::chrono::nanoseconds>(Duration{1}).count();

template <class T>
Refusal parse_any(std::string_view text, Range range, void* object) {
  T& value = *static_cast<T*>(object);
  if constexpr (Builtin<T>) {
    return parse(text, range, value);
  } else if constexpr (Integer<T>) {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    range.min = std::max(range.min, static_cast<long double>(std::numeric_limits<T>::min()));
    range.max = std::min(range.max, static_cast<long double>(std::numeric_limits<T>::max()));
    Wide wide{};
    Refusal refusal;
    if constexpr (std::is_signed_v<T>) {
      refusal = parse_signed(text, range, wide);
    } else {
      refusal = parse_unsigned(text, range, wide);
    }
    if (!refusal) value = static_cast<T>(wide);
    return refusal;
  } else if constexpr (kIsDuration<T>) {
    static_assert(kUnitNs<T> > 0, "options have no durations finer than nanoseconds");
    std::int64_t nanoseconds{};
    Refusal refusal = parse_duration(text, range, kUnitNs<T>, nanoseconds);
    if (!refusal) value = T{static_cast<typename T::rep>(nanoseconds / kUnitNs<T>)};
    return refusal;
  } else if constexpr (DescribedEnum<T>) {
    std::int64_t number{};
    Refusal refusal = parse_enum(text, kEnumerators<T>, number);
    if (!refusal) value = static_cast<T>(number);
    return refusal;
  } else {
    static_assert(kIsOptional<T>, "this type cannot be an option: see hal/config/README.md");
    typename T::value_type inner{};
    Refusal refusal = parse_any<typename T::value_type>(text, range, &inner);
    if (!refusal) value = std::move(inner);
    return refusal;
  }
}

template <class T>
std::string print_any(const void* object) {
  const T& value = *static_cast<const T*>(object);
  if constexpr (Builtin<T>) {
    return print(value);
  } else if constexpr (Integer<T> && std::is_signed_v<T>) {
    return print_signed(value);
  } else if constexpr (Integer<T>) {
    return print_unsigned(value);
  } else if constexpr (kIsDuration<T>) {
    return print_duration(std::chrono::nanoseconds{value}.count());
  } else if constexpr (DescribedEnum<T>) {
    return print_enum(kEnumerators<T>, static_cast<std::int64_t>(value));
  } else {
    return value ? print_any<typename T::value_type>(&*value) : std::string{};
  }
}

template <class T>
inline constexpr bool kIsBool = std::same_as<T, bool> || std::same_as<T, std::optional<bool>>;

template <class T>
inline constexpr ValueType kValueType{[](std::string_view text, const Range& range, void* value) {
                                        return parse_any<T>(text, range, value);
                                      },
                                      &print_any<T>, kIsBool<T>};

}  // namespace detail
}  // namespace hal::config
