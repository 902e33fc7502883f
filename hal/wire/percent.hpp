// Percent coding of URL parts (RFC 3986 2.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <hal/base/status.hpp>

namespace hal::wire {

/// In the query of an HTML form '+' is a space; in a path it is itself.
enum class Plus : std::uint8_t { kLiteral, kSpace };

/// kInvalidArgument, with the place, when '%' is not followed by two hexadecimal digits and for
/// %00, which no text holds and which cuts strings elsewhere.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, Plus plus = Plus::kLiteral);

/// Everything but unreserved characters (letters, digits, "-._~") becomes %XX: safe as a path
/// segment and as a name or value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace hal::wire
