// Endpoint: a host and a port, as people write them.
#pragma once

#include <hal/base/status.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hal::net {

/// Where a connection leads to, or comes from. `host` is a name, an IPv4 address, an IPv6 address
/// without brackets, or empty: all addresses of this machine.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;  ///< 0 when listening: any free one

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// "host:port", with brackets around an IPv6 address (RFC 3986 3.2.2): "[::1]:8080".
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

/// The inverse of to_string; ":8080" and "*:8080" have an empty host. INVALID_ARGUMENT that quotes
/// the text and says what is wrong: no port, a port outside 0..65535, an IPv6 address without
/// brackets, a scheme.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

/// Whether the host is an IPv4 or IPv6 address, so that no resolver is needed.
[[nodiscard]] bool is_numeric_host(std::string_view host) noexcept;

}  // namespace hal::net
