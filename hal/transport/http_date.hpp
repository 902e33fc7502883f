// The Date header: the same text for a whole second.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

namespace hal::transport {

/// IMF-fixdate (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". `time` is Unix time in seconds.
[[nodiscard]] std::string format_http_date(std::time_t time);

/// format_http_date of now, made once a second per thread. Valid until the thread's next call.
[[nodiscard]] std::string_view http_date_now();

}  // namespace hal::transport
