// Which registry a process uses, from its configuration.
#pragma once

#include <hal/config/config.hpp>
#include <hal/service/discovery.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hal::discovery {

struct RegistryOptions {
  std::string registry = "auto";                ///< HAL_REGISTRY, else MICRO_REGISTRY
  std::string selector{};                       ///< MICRO_SELECTOR
  std::vector<std::string> static_addresses{};  ///< HAL_STATIC_ADDRESSES
  std::string static_domain{};                  ///< STATIC_SELECTOR_DOMAIN_NAME
  config::Port static_port{8080};               ///< STATIC_SELECTOR_PORT_NUMBER
  std::string local_dir{};                      ///< HAL_LOCAL_DIR
  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(RegistryOptions, (),
                      (registry, selector, static_addresses, static_domain, static_port, local_dir))

struct RegistryChoice {
  std::unique_ptr<service::Discovery> discovery;
  std::string reason;  ///< which, where and why, for the log of a start
};

/// The registry that was asked for:
/// - HAL_REGISTRY (or --registry) `local` or `static`;
/// - else, for it or MICRO_REGISTRY being `auto` or unset, or MICRO_SELECTOR=static being there
///   beside any MICRO_REGISTRY: `static` if MICRO_SELECTOR is static or the process runs in a pod
///   (KUBERNETES_SERVICE_HOST is set), `local` otherwise.
/// HAL_STATIC_ADDRESSES come first in each. INVALID_ARGUMENT names variable, value and rule;
/// FAILED_PRECONDITION when the local registry's folder cannot be used. Appends the settings to
/// `settings` unless it is null. Blocks for a moment: call it at start.
[[nodiscard]] Result<RegistryChoice> make_discovery(
    const config::Source& source, std::vector<config::Setting>* settings = nullptr);
[[nodiscard]] Result<RegistryChoice> make_discovery(const config::Environment& environment);

}  // namespace hal::discovery
