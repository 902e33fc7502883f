// EndpointSlices: the addresses behind a Kubernetes Service (discovery.k8s.io/v1), as nodes.
#pragma once

#include <hal/discovery/kubernetes/watched_registry.hpp>

#include <string>
#include <string_view>

namespace hal::discovery::endpointslice {

inline constexpr std::string_view kScheme = "k8s://";

/// One Service, and which of its ports.
struct Target {
  std::string ns;
  std::string service;
  std::string
      port{};  ///< a name, or the number that the pods listen on; empty: the only one, else "grpc"
};

/// "k8s://namespace/service[:port]", or "service[:port]" in `ns`. INVALID_ARGUMENT for names that
/// can be none (RFC 1123 labels).
[[nodiscard]] Result<Target> parse_target(std::string_view name, std::string_view ns);

/// The Service's slices. Of its endpoints those that are ready are nodes; when there is none, those
/// that still serve while they terminate (KEP-1669). With `zone`, endpoints whose hints name other
/// zones are left out, if every one has hints and some are for this zone (Topology Aware Routing).
/// IPv4 before IPv6, where a Service has both. `name` is what nodes say they are of.
[[nodiscard]] kubernetes::Resource slices_of(const Target& target, std::string_view zone,
                                             std::string_view name);

/// Both: what is watched for a name.
[[nodiscard]] Result<kubernetes::Resource> resource_of(const std::string& name,
                                                       const kubernetes::WatchedOptions& options);

}  // namespace hal::discovery::endpointslice
