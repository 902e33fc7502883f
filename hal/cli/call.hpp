// `hal call`: one RPC, through the registry, by reflection of the server, else as JSON.
#pragma once

#include <hal/config/arguments.hpp>
#include <hal/config/environment.hpp>
#include <hal/service/discovery.hpp>

#include <span>
#include <string>
#include <string_view>

namespace hal::cli {

/// `hal call package.Service/Method '{"json":1}' [--service=name] [--timeout=15s] [--json]`.
/// Without --service the service whose nodes have the endpoint "Service.Method" in the registry.
/// Prints the reply, or with --json {"service":..,"status":{"code":..,"message":..},"reply":..}.
/// Exit code: 0, 1 when the call fails, 2 for wrong arguments.
int call(const config::Environment& environment, const config::Arguments& arguments);

/// The service that has the method "greeter.Greeter/SayHello", by the nodes of a registry.
/// NOT_FOUND names what to do; FAILED_PRECONDITION when several services have it, or none and the
/// registry cannot list.
[[nodiscard]] Result<std::string> service_with(std::span<const service::Node> nodes,
                                               std::string_view method, std::string_view registry);

/// What --json prints, as a line. A reply that is no JSON, or deeper than 256 levels, is a string.
[[nodiscard]] std::string call_json(std::string_view service, const Result<std::string>& reply);
/// What the terminal is told of an error: "hal call: ...", printable.
[[nodiscard]] std::string call_failure(const Status& status);

}  // namespace hal::cli
