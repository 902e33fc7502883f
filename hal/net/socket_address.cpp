#include <hal/net/socket_address.hpp>

#include <hal/base/ascii.hpp>

#include <hal/net/port_holder.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace hal::net::detail {
namespace {

std::string host_of(const sockaddr_in6& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], text, sizeof text);
    return text;
  }
  inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
  if (address.sin6_scope_id == 0) return text;
  return fmt::format("{}%{}", text, address.sin6_scope_id);
}

std::uint32_t scope_id(const std::string& name) {
  const unsigned index = if_nametoindex(name.c_str());
  return index != 0 ? index : parse_int<std::uint32_t>(name).value_or(0);
}

void set_flag(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

/// The bound socket, or the errno of what failed.
std::expected<OwnedSocket, int> try_bind(const SocketAddress& address, Sharing sharing) {
  OwnedSocket socket{
      ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
  if (socket.get() < 0) return std::unexpected{errno};
  set_flag(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (sharing == Sharing::kSamePort) set_flag(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (address.family() == AF_INET6) set_flag(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (bind(socket.get(), &address.base, address.size) != 0) return std::unexpected{errno};
  return socket;
}

}  // namespace

OwnedSocket::~OwnedSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

int OwnedSocket::release() noexcept { return std::exchange(descriptor_, -1); }

Endpoint to_endpoint(const SocketAddress& address) {
  if (address.family() == AF_INET6) {
    return {.host = host_of(address.v6), .port = ntohs(address.v6.sin6_port)};
  }
  if (address.family() != AF_INET) return {};
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
  return {.host = text, .port = ntohs(address.v4.sin_port)};
}

Result<SocketAddress> to_socket_address(const Endpoint& endpoint) {
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  SocketAddress address;
  if (in_addr v4{}; inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    address.v4 = {
        .sin_family = AF_INET, .sin_port = htons(endpoint.port), .sin_addr = v4, .sin_zero = {}};
    address.size = sizeof address.v4;
    return address;
  }
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(endpoint.port);
  const auto percent = host.find('%');
  if (percent != std::string::npos) address.v6.sin6_scope_id = scope_id(host.substr(percent + 1));
  const std::string without_scope = host.substr(0, percent);
  if (!host.empty() && inet_pton(AF_INET6, without_scope.c_str(), &address.v6.sin6_addr) != 1) {
    return error(Code::kInvalidArgument, fmt::format("\"{}\" is not an IP address", host));
  }
  return address;
}

Status socket_error(int error_number, std::string_view what) {
  Code code = Code::kUnavailable;
  switch (error_number) {
    case EACCES:
    case EPERM:
      code = Code::kPermissionDenied;
      break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      code = Code::kResourceExhausted;
      break;
    default:
      break;
  }
  return {code, fmt::format("{}: {}", what, std::generic_category().message(error_number))};
}

SocketAddress local_address(int socket) noexcept {
  SocketAddress address;
  getsockname(socket, &address.base, &address.size);
  return address;
}

Result<OwnedSocket> bind_tcp(const Endpoint& endpoint, Sharing sharing) {
  const auto address = to_socket_address(endpoint);
  if (!address) return error(address.error());
  auto socket = try_bind(*address, sharing);
  if (!socket && endpoint.host.empty() &&
      (socket.error() == EAFNOSUPPORT || socket.error() == EADDRNOTAVAIL)) {
    socket = try_bind(*to_socket_address({.host = "0.0.0.0", .port = endpoint.port}), sharing);
  }
  if (socket) return std::move(*socket);
  if (socket.error() == EADDRINUSE) {
    return error(Code::kAlreadyExists,
                 fmt::format("port {} is taken by {}", endpoint.port, port_holder(endpoint)));
  }
  return error(
      socket_error(socket.error(), fmt::format("cannot listen on {}", to_string(endpoint))));
}

}  // namespace hal::net::detail
