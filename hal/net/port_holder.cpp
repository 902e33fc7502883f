#include <hal/net/port_holder.hpp>

#include <hal/base/ascii.hpp>
#include <hal/net/socket_address.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

namespace hal::net {
namespace {

namespace fs = std::filesystem;

/// The kernel prints an address as 32-bit words in the machine's byte order: "0100007F:1F90".
std::optional<detail::SocketAddress> parse_address(std::string_view text) {
  const auto colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  std::uint32_t words[4] = {};
  for (std::size_t i = 0; i < colon / 8; ++i) {
    const auto word = parse_int<std::uint32_t>(text.substr(i * 8, 8), 16);
    if (!word) return std::nullopt;
    words[i] = *word;
  }
  const auto port = parse_int<std::uint16_t>(text.substr(colon + 1), 16);
  if (!port) return std::nullopt;
  detail::SocketAddress address;
  if (colon == 8) {
    address.v4 = {};
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(*port);
    address.v4.sin_addr.s_addr = words[0];
  } else {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(*port);
    std::memcpy(&address.v6.sin6_addr, words, sizeof words);
  }
  return address;
}

/// Columns of proc(5): sl, local_address, rem_address, st, queues, timer, retrnsmt, uid, timeout,
/// inode.
std::optional<ListeningSocket> parse_line(const std::string& line, std::uint16_t port) {
  constexpr std::string_view kListen = "0A";
  std::istringstream columns{line};
  std::string slot, local, remote, state, queues, timer, retransmits, timeout;
  ListeningSocket socket;
  columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> socket.uid >>
      timeout >> socket.inode;
  if (!columns || state != kListen) return std::nullopt;
  const auto address = parse_address(local);
  if (!address) return std::nullopt;
  socket.address = detail::to_endpoint(*address);
  socket.ipv6 = address->family() == AF_INET6;
  if (socket.address.port != port) return std::nullopt;
  if (socket.address.host == "::" || socket.address.host == "0.0.0.0") {
    socket.address.host.clear();
  }
  return socket;
}

/// Calls `found` with the inode of each socket of the process in `folder` (/proc/123).
void each_socket(const fs::path& folder, const std::function<void(std::uint64_t)>& found) {
  constexpr std::string_view kPrefix = "socket:[";
  std::error_code failed;
  for (fs::directory_iterator it{folder / "fd", failed}, end; !failed && it != end;
       it.increment(failed)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(it->path(), gone).string();
    if (gone || !target.starts_with(kPrefix) || !target.ends_with(']')) continue;
    const std::string_view digits{target};
    const auto inode =
        parse_int<std::uint64_t>(digits.substr(kPrefix.size(), digits.size() - kPrefix.size() - 1));
    if (inode) found(*inode);
  }
}

std::string first_line(const fs::path& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<std::string> process_with(std::uint64_t inode, const fs::path& proc) {
  std::error_code failed;
  for (fs::directory_iterator it{proc, failed}, end; !failed && it != end; it.increment(failed)) {
    const auto pid = parse_int<int>(it->path().filename().string());
    if (!pid) continue;
    bool holds = false;
    each_socket(it->path(), [&](std::uint64_t other) { holds = holds || other == inode; });
    if (holds) return fmt::format("{} (pid {})", first_line(it->path() / "comm"), *pid);
  }
  return std::nullopt;
}

bool overlap(const Endpoint& endpoint, const ListeningSocket& other) {
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  if (host.empty()) return true;
  const bool ipv6 = host.contains(':');
  // An IPv6 socket for all addresses may take IPv4 as well; the tables do not tell.
  if (other.address.host.empty()) return other.ipv6 || !ipv6;
  if (host == "0.0.0.0") return !other.address.host.contains(':');
  if (host == "::") return true;
  return host == other.address.host;
}

std::string describe(const ListeningSocket& socket, const fs::path& proc) {
  if (auto process = process_with(socket.inode, proc)) return *process;
  return fmt::format("a process of uid {} that this user cannot see", socket.uid);
}

}  // namespace

std::vector<ListeningSocket> listening_sockets(std::uint16_t port, const fs::path& proc) {
  std::vector<ListeningSocket> sockets;
  for (const char* const table : {"tcp", "tcp6"}) {
    std::ifstream file{proc / "net" / table};
    std::string line;
    std::getline(file, line);  // the heading
    while (std::getline(file, line)) {
      if (auto socket = parse_line(line, port)) sockets.push_back(std::move(*socket));
    }
  }
  return sockets;
}

std::string port_holder(const Endpoint& endpoint, const fs::path& proc) {
  const auto sockets = listening_sockets(endpoint.port, proc);
  const auto found = std::ranges::find_if(
      sockets, [&](const ListeningSocket& socket) { return overlap(endpoint, socket); });
  if (found != sockets.end()) return describe(*found, proc);
  if (!std::ifstream{proc / "net/tcp"}) {
    return "a process that cannot be found: /proc/net/tcp is not readable";
  }
  return "a socket that is bound and does not listen";
}

std::string foreign_holder(const Endpoint& endpoint, const fs::path& proc) {
  std::vector<ListeningSocket> others = listening_sockets(endpoint.port, proc);
  std::erase_if(others, [&](const ListeningSocket& socket) { return !overlap(endpoint, socket); });
  if (others.empty()) return {};
  each_socket(proc / "self", [&](std::uint64_t inode) {
    std::erase_if(others, [&](const ListeningSocket& socket) { return socket.inode == inode; });
  });
  return others.empty() ? std::string{} : describe(others.front(), proc);
}

Result<> probe_port(const Endpoint& endpoint) {
  auto socket = detail::bind_tcp(endpoint, detail::Sharing::kAlone);
  if (!socket) return error(std::move(socket.error()));
  return {};
}

Result<std::uint16_t> free_port(const std::string& host) {
  auto socket = detail::bind_tcp({.host = host, .port = 0}, detail::Sharing::kAlone);
  if (!socket) return error(std::move(socket.error()));
  return detail::to_endpoint(detail::local_address(socket->get())).port;
}

}  // namespace hal::net
