// Dates of HTTP, and the Date header: the same text for a whole second.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace hal::transport {

/// IMF-fixdate (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". `time` is Unix time in seconds.
[[nodiscard]] std::string format_http_date(std::time_t time);

/// Unix time in seconds of a date in any of the three forms (RFC 9110 5.6.7); nullopt for other
/// text and for a time that there is not. The day of the week may be any, the time zone is GMT.
[[nodiscard]] std::optional<std::time_t> parse_http_date(std::string_view text);

/// format_http_date of now, made once a second per thread. Valid until the thread's next call.
[[nodiscard]] std::string_view http_date_now();

}  // namespace hal::transport
