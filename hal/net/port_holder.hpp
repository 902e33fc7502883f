// Who holds a TCP port of this machine, and whether one is free.
#pragma once

#include <hal/net/endpoint.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hal::net {

/// A socket in state LISTEN, as /proc/net/tcp and /proc/net/tcp6 tell (proc(5)).
struct ListeningSocket {
  Endpoint address;  ///< host empty: all addresses of its family
  bool ipv6 = false;
  std::uint64_t inode = 0;
  std::uint32_t uid = 0;
};

/// Those on `port` in this network namespace; empty when the tables cannot be read.
[[nodiscard]] std::vector<ListeningSocket> listening_sockets(
    std::uint16_t port, const std::filesystem::path& proc = "/proc");

/// "nginx (pid 123)", or, when no process shows the socket, "a process of uid 0 that this user
/// cannot see", or "a process that cannot be found: /proc/net/tcp is not readable".
[[nodiscard]] std::string port_holder(const Endpoint& endpoint,
                                      const std::filesystem::path& proc = "/proc");

/// The holder of a socket that listens on an overlapping address and belongs to another process;
/// empty if there is none.
[[nodiscard]] std::string foreign_holder(const Endpoint& endpoint,
                                         const std::filesystem::path& proc = "/proc");

/// OK if a listener could have the endpoint to itself now. Errors as of listen_tcp:
/// "port 8080 is taken by nginx (pid 123)".
[[nodiscard]] Result<> probe_port(const Endpoint& endpoint);

/// A port that is free on `host` at this moment, chosen by the kernel. Errors as of listen_tcp.
[[nodiscard]] Result<std::uint16_t> free_port(const std::string& host);

}  // namespace hal::net
