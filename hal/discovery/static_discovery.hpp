// Nodes that are written down: a list of addresses, and go-micro's static selector.
#pragma once

#include <hal/discovery/nodes.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery {

/// Nodes of HAL_STATIC_ADDRESSES, in the order written; an entry "name=host:port", several entries
/// of one name being several nodes, equal ones one. Ids are "name-host:port". INVALID_ARGUMENT
/// names variable, entry and rule; so it does for more than 1,024 entries.
[[nodiscard]] Result<std::vector<service::Node>> parse_static_addresses(
    std::span<const std::string> entries);

struct StaticOptions {
  std::vector<service::Node> addresses{};  ///< asked first; parse_static_addresses()
  std::string domain{};                    ///< STATIC_SELECTOR_DOMAIN_NAME; empty: none
  std::uint16_t port = 8080;               ///< STATIC_SELECTOR_PORT_NUMBER
};

/// Needs no registry: a name is in the list of addresses, else it is a host name. Immutable.
class StaticDiscovery final : public service::Discovery {
 public:
  /// INVALID_ARGUMENT, with the variable, for a domain that is none or the port 0.
  [[nodiscard]] static Result<std::unique_ptr<StaticDiscovery>> make(StaticOptions options);

  /// The nodes listed for the name, else the one node "<service>[.<domain>]:<port>" whose id is the
  /// service's name (go-micro's static selector). INVALID_ARGUMENT for a name that can be no host.
  Task<Result<std::vector<service::Node>>> resolve(std::string service) override;
  /// The listed addresses.
  Task<Result<std::vector<service::Node>>> list() override;
  /// OK, and nothing happens: who dials names needs no registration.
  Task<Result<>> add(service::Node node) override;
  Task<Result<>> remove(std::string id) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "static"; }

  /// "<service>.example.org:8080": how names are dialled, for messages.
  [[nodiscard]] std::string pattern() const;

 private:
  explicit StaticDiscovery(StaticOptions options) : options_{std::move(options)} {}
  [[nodiscard]] std::string address_of(std::string_view service) const;

  const StaticOptions options_;
};

/// Another backend behind a list of addresses, which wins for the names it has.
class StaticFirst final : public service::Discovery {
 public:
  StaticFirst(std::vector<service::Node> addresses, std::unique_ptr<service::Discovery> next);

  void start(const service::Worker& worker) override { next_->start(worker); }
  Task<Result<std::vector<service::Node>>> resolve(std::string service) override;
  /// The listed nodes, and those of the other backend whose service is not listed.
  Task<Result<std::vector<service::Node>>> list() override;
  Task<Result<>> add(service::Node node) override;
  Task<Result<>> remove(std::string id) override;
  /// The other backend's, as are those below.
  [[nodiscard]] service::Subscription subscribe(const std::string& service,
                                                std::function<void()> changed) override;
  [[nodiscard]] std::string advertised_host() const override { return next_->advertised_host(); }
  [[nodiscard]] std::string_view name() const noexcept override { return next_->name(); }

 private:
  const std::vector<service::Node> addresses_;
  const std::unique_ptr<service::Discovery> next_;
};

}  // namespace hal::discovery
