// JSON of described structs: text to value and back, without a document tree in between.
#pragma once

#include <hal/base/status.hpp>
#include <hal/http/json_reader.hpp>
#include <hal/http/json_type.hpp>
#include <hal/http/json_writer.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace hal::http::json {

/// The value that `text` (RFC 8259, UTF-8) stands for. T: bool, integers, double, std::string,
/// std::optional, std::vector, std::map<std::string, ...>, enums described by BOOST_DESCRIBE_ENUM
/// and structs described by BOOST_DESCRIBE_STRUCT (public members, inherited ones too), nested at
/// will. Members of type std::optional may be absent or null, all others are required. Field names
/// are the members' unless the struct has `static constexpr std::string_view json_name(member)`.
/// Enums are strings: the enumerator's name, kFirstWord as "first_word". What values a struct's
/// members may have beyond their type, it says in kRules (json_rule.hpp).
/// INVALID_ARGUMENT says what is wrong and where: "$.user.name: expected string, got number (line
/// 3, column 14)"; columns count bytes from 1. Thread-safe.
template <class T>
[[nodiscard]] Result<T> parse(std::string_view text, const ParseOptions& options = {}) {
  T value{};
  if (Status status = detail::read(text, detail::type_of<T>(), &value, options); !status.ok()) {
    return error(std::move(status));
  }
  return value;
}

/// Appends `value` as JSON without spaces, members in the order of their description. Absent
/// optional members are left out (elsewhere they are null); NaN and infinities, which JSON lacks,
/// are null; bytes that are no UTF-8 become U+FFFD. Never fails. Thread-safe.
template <class T>
void append(std::string& out, const T& value) {
  detail::write(out, detail::type_of<T>(), &value);
}

/// append() to an empty string.
template <class T>
[[nodiscard]] std::string to_string(const T& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace hal::http::json
