// `hal services`: what the registry knows.
#pragma once

#include <hal/config/arguments.hpp>
#include <hal/config/environment.hpp>
#include <hal/service/discovery.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace hal::cli {

/// `hal services [--json]`: the nodes of every service, by the registry that HAL_REGISTRY names.
/// Exit code: 0, 1 when the registry cannot be asked or cannot list, 2 for wrong arguments.
int services(const config::Environment& environment, const config::Arguments& arguments);

/// Whether a registry knows which services it has. The others answer for a name that they are
/// given, and list no more than HAL_STATIC_ADDRESSES.
[[nodiscard]] bool can_list(std::string_view registry) noexcept;
/// What is to be said beside the nodes of list(): "" for nothing.
[[nodiscard]] std::string listing_note(std::string_view registry, bool is_empty);

/// A table of the nodes, in their order: service, version, address, age, endpoints.
[[nodiscard]] std::string services_table(std::span<const service::Node> nodes,
                                         std::chrono::sys_seconds now);
/// One line: [{"name":..,"version":..,"nodes":[{"id":..,"address":..,"age_s":..,"metadata":{..}}],
/// "endpoints":[..]}], one entry per service and version. `age_s` is null where it is not known.
[[nodiscard]] std::string services_json(std::span<const service::Node> nodes,
                                        std::chrono::sys_seconds now);

}  // namespace hal::cli
