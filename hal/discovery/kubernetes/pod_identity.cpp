// Who and where this pod is.
#include <hal/discovery/kubernetes/kubernetes_discovery.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <memory>

namespace hal::discovery {
namespace {

enum class Reach : int { kPrivate, kPublic, kLoopback, kNone };

Reach reach_of(const in_addr& address) {
  const std::uint32_t bits = ntohl(address.s_addr);
  if (bits >> 24 == 127) return Reach::kLoopback;
  const bool is_private = bits >> 24 == 10 || bits >> 20 == 0xac1 || bits >> 16 == 0xc0a8 ||
                          bits >> 22 == 0x191;  // 10/8, 172.16/12, 192.168/16, 100.64/10
  return is_private ? Reach::kPrivate : Reach::kPublic;
}

Reach reach_of(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return Reach::kLoopback;
  if (IN6_IS_ADDR_LINKLOCAL(&address)) return Reach::kNone;
  return (address.s6_addr[0] & 0xfe) == 0xfc ? Reach::kPrivate : Reach::kPublic;  // fc00::/7
}

/// The text of an interface's address, and how far it reaches.
Reach read(const sockaddr* address, std::string& text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  Reach reach = Reach::kNone;
  if (address == nullptr) return reach;
  if (address->sa_family == AF_INET) {
    const auto& in4 = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    inet_ntop(AF_INET, &in4, buffer.data(), buffer.size());
    reach = reach_of(in4);
  } else if (address->sa_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    inet_ntop(AF_INET6, &in6, buffer.data(), buffer.size());
    reach = reach_of(in6);
  }
  text = buffer.data();
  return reach;
}

}  // namespace

std::string pod_name(const config::Environment& environment) {
  return std::string{environment.get("POD_NAME", environment.get("HOSTNAME"))};
}

std::string pod_host(const config::Environment& environment) {
  if (const auto address = environment.find("POD_IP")) return std::string{*address};
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return "127.0.0.1";
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{first, &::freeifaddrs};
  Reach best = Reach::kNone;
  std::string found = "127.0.0.1";
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_UP) == 0) continue;
    std::string text;
    const Reach reach = read(each->ifa_addr, text);
    if (reach >= best) continue;
    best = reach;
    found = std::move(text);
  }
  return found;
}

}  // namespace hal::discovery
