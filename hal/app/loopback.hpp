// Who calls: this machine or another.
#pragma once

#include <string_view>

namespace hal::app {

/// 127.0.0.1, ::1, and the first as a dual-stack socket shows it (::ffff:127.0.0.1). No other of
/// 127.0.0.0/8: a sidecar connects to its application from 127.0.0.6, for whoever calls it.
[[nodiscard]] constexpr bool is_loopback(std::string_view address) noexcept {
  return address == "127.0.0.1" || address == "::1" || address == "::ffff:127.0.0.1";
}

}  // namespace hal::app
