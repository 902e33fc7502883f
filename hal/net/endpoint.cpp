#include <hal/net/endpoint.hpp>

#include <hal/base/ascii.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace hal::net {
namespace {

std::unexpected<Status> invalid(std::string_view text, std::string_view why) {
  return error(Code::kInvalidArgument, fmt::format("\"{}\" is not an endpoint: {}", text, why));
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.host.contains(':')) return fmt::format("[{}]:{}", endpoint.host, endpoint.port);
  return fmt::format("{}:{}", endpoint.host, endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.empty()) return invalid(text, "it is empty, expected host:port");
  if (text.contains("://")) return invalid(text, "it is a URL, expected host:port alone");
  const auto colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return invalid(text, "the bracket is not closed");
    host = text.substr(1, bracket - 1);
    if (!host.contains(':') || !is_numeric_host(host)) {
      return invalid(text, "there is no IPv6 address between the brackets");
    }
    if (colon != bracket + 1) return invalid(text, "a colon and a port must follow the bracket");
  } else if (colon == std::string_view::npos) {
    return invalid(text, "the port is missing, expected host:port");
  } else if (host.contains(':')) {
    return invalid(text, "an IPv6 address needs brackets, as in [::1]:80");
  }
  if (host.find_first_of(" \t/@[]") != std::string_view::npos) {
    return invalid(text, "the host has a character that no host name has");
  }
  const std::string_view digits = text.substr(colon + 1);
  const auto port = parse_int<std::uint16_t>(digits);
  if (!port) return invalid(text, fmt::format("the port \"{}\" is not within 0..65535", digits));
  return Endpoint{.host = std::string{host == "*" ? "" : host}, .port = *port};
}

bool is_numeric_host(std::string_view host) noexcept {
  // A scope such as %eth0 after an IPv6 address (RFC 4007 11) is not for inet_pton.
  const std::string address{host.substr(0, host.find('%'))};
  in6_addr binary{};
  return inet_pton(AF_INET6, address.c_str(), &binary) == 1 ||
         (address.size() == host.size() && inet_pton(AF_INET, address.c_str(), &binary) == 1);
}

}  // namespace hal::net
