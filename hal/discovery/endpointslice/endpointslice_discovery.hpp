// The registry of Kubernetes' own: Services, by their EndpointSlices.
#pragma once

#include <hal/discovery/kubernetes/watched_registry.hpp>

namespace hal::discovery {

/// Finds the pods behind Services, whatever runs in them; nothing has to be registered: a Service's
/// selector does that. Needs the verbs list and watch on endpointslices (discovery.k8s.io).
/// Thread-safe.
class EndpointSliceDiscovery final : public kubernetes::WatchedRegistry {
 public:
  /// `network` must outlive it.
  using WatchedRegistry::WatchedRegistry;

  /// Empty: a namespace has Services of all kinds, of which few are anybody's to call.
  Task<Result<std::vector<service::Node>>> list() override;
  /// OK, and nothing happens.
  Task<Result<>> add(service::Node node) override;
  Task<Result<>> remove(std::string id) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "endpointslice"; }

 protected:
  /// endpointslice::parse_target.
  Result<kubernetes::Resource> resource_of(const std::string& service) const override;
};

}  // namespace hal::discovery
