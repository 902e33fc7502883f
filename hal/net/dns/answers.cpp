#include <hal/net/dns/answers.hpp>

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <algorithm>
#include <array>

namespace hal::net::dns {
namespace {

constexpr std::chrono::seconds kTtlMax{24 * 3600};

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else {
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  }
  return inet_ntop(address.sa_family, bytes, text.data(), text.size()) == nullptr ? ""
                                                                                  : text.data();
}

std::chrono::seconds ttl_of(std::uint32_t seconds) {
  return std::min(std::chrono::seconds{seconds}, kTtlMax);
}

}  // namespace

Addresses addresses_of(const ares_addrinfo& info, Order order) {
  Addresses answer{.ttl = kTtlMax};
  std::vector<std::string> later;
  for (const auto* node = info.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    auto host = text_of(*node->ai_addr);
    auto& hosts = order == Order::kIpv4First && node->ai_family == AF_INET6 ? later : answer.hosts;
    if (std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(std::move(host));
    answer.ttl =
        std::min(answer.ttl, ttl_of(static_cast<std::uint32_t>(std::max(node->ai_ttl, 0))));
  }
  answer.hosts.insert(answer.hosts.end(), later.begin(), later.end());
  for (const auto* alias = info.cnames; alias != nullptr; alias = alias->next) {
    answer.ttl = std::min(answer.ttl, ttl_of(static_cast<std::uint32_t>(std::max(alias->ttl, 0))));
  }
  return answer;
}

Result<Targets> targets_of(std::span<const unsigned char> message) {
  const auto wrong = [] { return error(Code::kInvalidArgument, "the answer is no DNS message"); };
  ns_msg parsed{};
  if (ns_initparse(message.data(), static_cast<int>(message.size()), &parsed) < 0) return wrong();
  Targets answer{.ttl = kTtlMax};
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&parsed, ns_s_an, i, &record) < 0) return wrong();
    answer.ttl = std::min(answer.ttl, ttl_of(ns_rr_ttl(record)));
    if (ns_rr_type(record) != ns_t_srv) continue;
    const unsigned char* const data = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> host{};
    if (ns_rr_rdlen(record) < 7 || ns_name_uncompress(ns_msg_base(parsed), ns_msg_end(parsed),
                                                      data + 6, host.data(), host.size()) < 0) {
      return wrong();
    }
    Target target{.priority = static_cast<std::uint16_t>(ns_get16(data)),
                  .host = host.data(),
                  .port = static_cast<std::uint16_t>(ns_get16(data + 4))};
    if (target.host.empty() || target.host == "." || target.port == 0) continue;
    answer.targets.push_back(std::move(target));
  }
  if (answer.targets.empty()) return error(Code::kNotFound, "there is no SRV record");
  std::ranges::sort(answer.targets);
  return answer;
}

}  // namespace hal::net::dns
