// Who calls: this machine or another.
#pragma once

#include <string_view>

namespace hal::app {

/// 127.0.0.0/8, ::1, and IPv4 loopback as a dual-stack socket shows it (::ffff:127.0.0.1).
[[nodiscard]] constexpr bool is_loopback(std::string_view address) noexcept {
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
  return address == "::1" || address.starts_with("127.");
}

}  // namespace hal::app
