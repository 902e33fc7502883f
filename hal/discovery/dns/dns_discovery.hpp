// The registry that needs no API server: names, by DNS.
#pragma once

#include <hal/async/backoff.hpp>
#include <hal/discovery/source_registry.hpp>
#include <hal/net/dns/client.hpp>

#include <string>

namespace hal::discovery {

struct DnsOptions {
  std::string domain{};       ///< behind names without a final dot: "devel.svc.cluster.local"
  std::uint16_t port = 8080;  ///< of names that say none
  net::dns::ClientOptions client{};
  /// A name is looked up again when its records have expired, but not sooner or later than this:
  /// answers of a hosts file have no time to live, others have one of days.
  std::chrono::seconds ttl_min{1};
  std::chrono::seconds ttl_max{300};
  /// Instead, after a failure and while the name has no node; at the latest, while a target fails.
  BackoffOptions backoff{.base = std::chrono::seconds{1}, .max = std::chrono::seconds{30}};
  std::size_t targets_max = 64;  ///< of a name with SRV records, whose addresses are looked up
};

/// Every address of a name is a node, as a headless Service has one for each ready pod:
/// "greeter", "greeter:9000"; "_grpc._tcp.greeter" is looked up as SRV, which has ports of its own:
/// only the targets of the lowest priority are nodes (RFC 2782), all asked for at once, and without
/// those that cannot be looked up. Each name is looked up when its records expire, from the first
/// resolve() on. Servers that do not answer change nothing; a name that is gone has no node, and is
/// looked up less and less often. Thread-safe.
class DnsDiscovery final : public SourceRegistry {
 public:
  /// As net::dns::Client::make.
  [[nodiscard]] static Result<std::unique_ptr<DnsDiscovery>> make(DnsOptions options);

  /// Empty: DNS cannot be listed.
  Task<Result<std::vector<service::Node>>> list() override;
  /// OK, and nothing happens.
  Task<Result<>> add(service::Node node) override;
  Task<Result<>> remove(std::string id) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "dns"; }

 protected:
  Result<std::shared_ptr<NodeSource>> source_of(const std::string& service) override;
  [[nodiscard]] std::string where() const override { return "DNS"; }

 private:
  DnsDiscovery(DnsOptions options, std::unique_ptr<net::dns::Client> client)
      : options_{std::move(options)}, client_{std::move(client)} {}

  const DnsOptions options_;
  const std::unique_ptr<net::dns::Client> client_;
};

}  // namespace hal::discovery
