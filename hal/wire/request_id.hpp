// x-request-id: made here when a request arrives without one.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace hal::wire {

/// A UUID of 36 characters from random bytes, in Envoy's form: the character at index 14, which in
/// a plain version 4 UUID is the version, tells sidecars what was decided. '9' when sampled: each
/// keeps the trace, even at a sampling rate of 0 %; '4' when not. The variant is RFC 9562's (index
/// 19 is 8, 9, a or b). Thread-safe.
[[nodiscard]] std::string make_request_id(std::span<const std::uint8_t, 16> random, bool sampled);

}  // namespace hal::wire
