// Pods: go-micro's registrations on pods (go-plugins/registry/kubernetes 1.5), read.
#pragma once

#include <hal/discovery/kubernetes/watch.hpp>
#include <hal/discovery/nodes.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hal::discovery::kubernetes {

inline constexpr std::string_view kTypeLabel = "micro.mu/type";
inline constexpr std::string_view kSelectorPrefix = "micro.mu/selector-";
inline constexpr std::string_view kServicePrefix = "micro.mu/service-";
inline constexpr std::string_view kServiceValue = "service";

/// A service's name in a key of labels and annotations: each byte but letters, digits, '-', '_' and
/// '.' becomes '_', as go-micro does it.
[[nodiscard]] std::string label_name(std::string_view service);

/// At which addresses a pod may have nodes. Who may annotate a pod of the namespace must not send
/// calls, and the passwords in them, out of the cluster.
enum class Addresses : std::uint8_t {
  kPods,   ///< one of status.podIPs
  kHosts,  ///< its machine's (status.hostIP, for host ports), and any name of a host, as well
};

/// The pods of one service ("" for those of every service), and the nodes they have registered. A
/// pod that is being deleted, is not Running, or is not Ready has none; nor has an annotation that
/// is wrong, or whose address is none that `addresses` allows: one log line for each and no
/// failure. Nodes of other names than `service` are left out.
[[nodiscard]] Resource pods_of(std::string_view ns, std::string_view service,
                               const NodeLimits& limits = {},
                               Addresses addresses = Addresses::kPods);

}  // namespace hal::discovery::kubernetes
