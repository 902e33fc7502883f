// Socket addresses of the system, to and from Endpoint. Internal to this module.
#pragma once

#include <hal/net/endpoint.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

namespace hal::net::detail {

struct SocketAddress {
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6 = {};
  };
  socklen_t size = sizeof(sockaddr_in6);

  [[nodiscard]] int family() const noexcept { return base.sa_family; }
};

/// An IPv4 address that IPv6 carries (::ffff:1.2.3.4, RFC 4291 2.5.5.2) becomes the IPv4 address.
[[nodiscard]] Endpoint to_endpoint(const SocketAddress& address);

/// For a numeric host, "localhost" (127.0.0.1) or an empty one (IPv6 any). INVALID_ARGUMENT else.
[[nodiscard]] Result<SocketAddress> to_socket_address(const Endpoint& endpoint);

/// The Status of an errno of the socket calls: UNAVAILABLE unless it is a question of rights
/// (PERMISSION_DENIED), of descriptors or memory (RESOURCE_EXHAUSTED).
[[nodiscard]] Status socket_error(int error_number, std::string_view what);

/// The local address of an open socket.
[[nodiscard]] SocketAddress local_address(int socket) noexcept;

/// A descriptor that is closed at the end unless released.
class OwnedSocket {
 public:
  explicit OwnedSocket(int descriptor = -1) noexcept : descriptor_{descriptor} {}
  OwnedSocket(OwnedSocket&& other) noexcept : descriptor_{other.release()} {}
  OwnedSocket& operator=(OwnedSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OwnedSocket();
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] int release() noexcept;

 private:
  int descriptor_;
};

/// A socket bound to the endpoint, with SO_REUSEADDR, and SO_REUSEPORT if it is to be shared; for
/// an empty host both families, or IPv4 alone on a machine without IPv6. EADDRINUSE becomes
/// ALREADY_EXISTS with the holder's name.
enum class Sharing { kAlone, kSamePort };
[[nodiscard]] Result<OwnedSocket> bind_tcp(const Endpoint& endpoint, Sharing sharing);

}  // namespace hal::net::detail
