// Which registry a process uses, from its configuration.
#pragma once

#include <hal/config/config.hpp>
#include <hal/service/discovery.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace hal {
class Loop;
namespace net {
class Network;
}  // namespace net
}  // namespace hal

namespace hal::discovery {

struct RegistryOptions {
  std::string registry = "auto";                ///< HAL_REGISTRY, else MICRO_REGISTRY
  std::string selector{};                       ///< MICRO_SELECTOR
  std::vector<std::string> static_addresses{};  ///< HAL_STATIC_ADDRESSES
  std::string static_domain{};                  ///< STATIC_SELECTOR_DOMAIN_NAME
  config::Port static_port{8080};               ///< STATIC_SELECTOR_PORT_NUMBER
  std::string local_dir{};                      ///< HAL_LOCAL_DIR
  std::chrono::seconds register_interval{30};   ///< HAL_REGISTER_INTERVAL
  std::string zone{};                           ///< HAL_ZONE
  bool host_addresses = false;                  ///< HAL_HOST_ADDRESSES
  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(RegistryOptions, (),
                      (registry, selector, static_addresses, static_domain, static_port, local_dir,
                       register_interval, zone, host_addresses))

/// What a choice needs of its process.
struct Surroundings {
  net::Network& network;  ///< must outlive the registry
  Loop& loop;             ///< nobody runs it: make_discovery does, for a moment
};

struct RegistryChoice {
  std::unique_ptr<service::Discovery> discovery;
  std::string reason;  ///< which, where and why, for the log of a start
};

/// The first of these that holds:
/// - HAL_REGISTRY (or --registry) is `local`, `static`, `kubernetes`, `endpointslice` or
///   `dns`: that one.
/// - MICRO_SELECTOR is `static`: `static`, whatever MICRO_REGISTRY is; in go-micro too the selector
///   alone decides where calls go.
/// - MICRO_REGISTRY is one of these, HAL_REGISTRY being unset: that one.
/// - Either is `auto`, or both are unset: outside a pod (KUBERNETES_SERVICE_HOST is unset) `local`;
///   in a pod with a sidecar (has_sidecar(), up to 5 s) `static`, since it encrypts what goes to
///   names of Services and not what goes to addresses of pods; else `kubernetes`, or `static` when
///   the pod has no token for the API server.
/// HAL_STATIC_ADDRESSES come first in all. INVALID_ARGUMENT names variable, value and rule;
/// FAILED_PRECONDITION when the local registry's folder, or the API server's address and
/// credentials, cannot be used. Appends the settings to `settings` unless it is null. Blocks: call
/// it at start.
[[nodiscard]] Result<RegistryChoice> make_discovery(
    const config::Source& source, const Surroundings& surroundings,
    std::vector<config::Setting>* settings = nullptr);
[[nodiscard]] Result<RegistryChoice> make_discovery(const config::Environment& environment,
                                                    const Surroundings& surroundings);

}  // namespace hal::discovery
