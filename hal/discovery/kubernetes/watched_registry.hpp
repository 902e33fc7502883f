// WatchedRegistry: what the registries that ask the Kubernetes API server have in common.
#pragma once

#include <hal/discovery/kubernetes/watch.hpp>
#include <hal/discovery/source_registry.hpp>

#include <memory>
#include <string>

namespace hal::discovery::kubernetes {

struct WatchedOptions {
  ApiAccess access{};
  WatchOptions watch{};
  /// Of this machine, for hints of EndpointSlices; empty: not known, they are not looked at.
  std::string zone{};
};

/// A watch per name, all by one client.
class WatchedRegistry : public SourceRegistry {
 public:
  /// `network` must outlive it.
  WatchedRegistry(net::Network& network, WatchedOptions options)
      : network_{network}, options_{std::move(options)} {}

  void start(const service::Worker& worker) override {
    SourceRegistry::start(worker);
    client_ = std::make_unique<ApiClient>(network_, worker.index + 1, options_.access);
  }

 protected:
  /// What is watched for a name; INVALID_ARGUMENT for one that can be none.
  [[nodiscard]] virtual Result<Resource> resource_of(const std::string& service) const = 0;

  Result<std::shared_ptr<NodeSource>> source_of(const std::string& service) override {
    auto resource = resource_of(service);
    if (!resource) return error(std::move(resource.error()));
    return std::make_shared<Watch>(*client_, std::move(*resource), options_.watch);
  }
  [[nodiscard]] std::string where() const override {
    return fmt::format("the {} registry (namespace {})", name(), options_.access.ns);
  }

  [[nodiscard]] ApiClient& client() noexcept { return *client_; }
  [[nodiscard]] const WatchedOptions& options() const noexcept { return options_; }

 private:
  net::Network& network_;
  const WatchedOptions options_;
  std::unique_ptr<ApiClient> client_;
};

}  // namespace hal::discovery::kubernetes
