// The writing half of JSON: any described value into text.
#pragma once

#include <string>
#include <string_view>

namespace hal::http::json {

/// Appends `text` as a JSON string with its quotes. Escapes the quote, the backslash and control
/// characters (RFC 8259 section 7); bytes that are no UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);

namespace detail {

struct Type;

/// Appends the object of `type` at `value`.
void write(std::string& out, const Type& type, const void* value);

}  // namespace detail
}  // namespace hal::http::json
