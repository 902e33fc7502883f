// Absolute http and https URLs, as options and registries hold them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <hal/base/status.hpp>

namespace hal::wire {

struct Url {
  /// "http" or "https".
  std::string scheme;
  /// A name or an address; an IPv6 address without its brackets.
  std::string host;
  /// The scheme's own (80, 443) when the URL has none.
  std::uint16_t port = 0;
  bool has_port = false;
  /// Still encoded; "/" when the URL has none.
  std::string path;
  /// Still encoded, without '?'.
  std::string query;

  /// For the Host header: "host" or "host:port", IPv6 in brackets.
  [[nodiscard]] std::string authority() const;
  /// For the request line: "/path?query".
  [[nodiscard]] std::string target() const;
};

/// kInvalidArgument with shown_url() and the reason: no scheme or another one than http(s), no
/// host, a port out of range, user info (a password has no place here), characters that are not
/// allowed.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// A URL, or what somebody took for one, as messages, logs and outputs show it: "***" in place of
/// user and password, of the query's values and of the fragment; '?' for what cannot be printed;
/// cut after 200 characters. What is no URL loses all before its last '@'.
[[nodiscard]] std::string shown_url(std::string_view text);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};
/// "host:port", "[::1]:80": a host without its brackets and a port (0-65535, required).
/// kInvalidArgument with the reason: no host, no port or one out of range, an IPv6 address without
/// brackets, characters that are not allowed.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

}  // namespace hal::wire
