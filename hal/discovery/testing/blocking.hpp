// A registry's coroutines as plain calls.
#pragma once

#include <hal/service/discovery.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery::testing {

/// Each runs on a loop of its own with an offload pool, and returns when the call has.
[[nodiscard]] Result<std::vector<service::Node>> resolve(service::Discovery& registry,
                                                         std::string_view service);
[[nodiscard]] Result<std::vector<service::Node>> list(service::Discovery& registry);
[[nodiscard]] Result<> add(service::Discovery& registry, service::Node node);
[[nodiscard]] Result<> remove(service::Discovery& registry, std::string_view id);

/// A valid node: "<service>-<number>" at 127.0.0.1:<1000 + number>.
[[nodiscard]] service::Node make_node(std::string_view service, unsigned number = 1);

[[nodiscard]] std::vector<std::string> ids_of(const std::vector<service::Node>& nodes);
[[nodiscard]] std::vector<std::string> addresses_of(const std::vector<service::Node>& nodes);

}  // namespace hal::discovery::testing
