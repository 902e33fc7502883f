#include <hal/app/node.hpp>

#include <hal/app/version.hpp>
#include <hal/base/uuid.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/chrono.h>
#include <unistd.h>

#include <chrono>

namespace hal::app {

net::Endpoint reachable(net::Endpoint endpoint, std::string_view host) {
  if (endpoint.host.empty() || endpoint.host == "0.0.0.0" || endpoint.host == "::") {
    endpoint.host = host;
  }
  return endpoint;
}

void NodeOptions::describe(config::Fields& fields) {
  fields["service_version"].alias("MICRO_SERVER_VERSION").help("version in the registry");
  fields["service_id"].alias("MICRO_SERVER_ID").help("of the node, behind the name; empty: random");
  fields["service_address"]
      .alias("MICRO_SERVER_ADDRESS")
      .help("host:port to listen on, where SERVICE_HOST and SERVICE_PORT do not say it");
  fields["service_advertise"]
      .alias("MICRO_SERVER_ADVERTISE")
      .help("host:port or host in the registry; empty: where it listens");
  fields["rpc_aliases"]
      .variable("HAL_RPC_ALIASES")
      .help(
          "names before .Service/Method in paths of go-micro's callers, beside SERVICE_NAME; *: "
          "any");
  fields["service_metadata"].alias("MICRO_SERVER_METADATA").help("key=value,... of the node");
}

Result<> check(const NodeOptions& options) {
  const auto wrong = [](std::string_view variable, std::string_view value, std::string_view rule) {
    return error(Code::kInvalidArgument,
                 fmt::format("{}='{}': allowed is {}", variable, value, rule));
  };
  const auto& address = options.service_address;
  if (!address.empty() && !net::parse_endpoint(address)) {
    return wrong("SERVICE_ADDRESS", address, "host:port or :port");
  }
  const auto& advertised = options.service_advertise;
  if (advertised.contains(':') && !net::is_numeric_host(advertised) &&
      !net::parse_endpoint(advertised)) {
    return wrong("SERVICE_ADVERTISE", advertised, "host:port or host");
  }
  for (const auto& pair : options.service_metadata) {
    if (pair.find('=') == std::string::npos || pair.starts_with('=')) {
      return wrong("SERVICE_METADATA", pair, "key=value");
    }
  }
  return {};
}

namespace {

std::string address_of(const service::Listening& listening, const NodeNaming& naming) {
  const auto& advertised = naming.options.service_advertise;
  if (advertised.empty()) return net::to_string(reachable(listening.endpoint, naming.host));
  if (advertised.contains(':') && !net::is_numeric_host(advertised)) {
    auto endpoint = net::parse_endpoint(advertised).value();
    if (endpoint.port == 0) endpoint.port = listening.endpoint.port;
    return net::to_string(reachable(std::move(endpoint), naming.host));
  }
  return net::to_string({.host = advertised, .port = listening.endpoint.port});
}

/// For people, and for `hal call`: a registry that cannot hold all of them would hide the node.
std::vector<std::string> endpoints_of(const service::Listening& listening,
                                      const NodeNaming& naming) {
  auto endpoints = listening.endpoints;
  if (endpoints.size() > kEndpointsMax) {
    log::info("the registry is told {} of the {} endpoints of {}: {} are left out", kEndpointsMax,
              endpoints.size(), naming.service, endpoints.size() - kEndpointsMax);
    endpoints.resize(kEndpointsMax);
  }
  return endpoints;
}

}  // namespace

service::Node describe_node(const service::Listening& listening, const NodeNaming& naming) {
  const bool grpc = listening.protocol == service::Protocol::kGrpc;
  const auto& options = naming.options;
  service::Node node{
      .id = fmt::format("{}-{}", naming.service,
                        options.service_id.empty() ? make_uuid() : options.service_id),
      .address = address_of(listening, naming),
      .service = std::string{naming.service},
      .version = options.service_version.empty() ? std::string{kVersion} : options.service_version,
      .metadata = naming.metadata,
      .endpoints = endpoints_of(listening, naming)};
  for (const auto& pair : options.service_metadata) {
    const auto equals = pair.find('=');
    node.metadata.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  // Nobody's configuration says something else about what callers and commands go by.
  node.metadata.insert_or_assign("protocol", grpc ? "grpc" : "http");
  node.metadata.insert_or_assign("server", grpc ? "grpc" : "http");
  // Tells our own nodes from go-micro's, whose metadata otherwise looks the same.
  node.metadata.insert_or_assign("hal", std::string{kVersion});
  node.metadata.insert_or_assign(kPidMetadata, std::to_string(::getpid()));
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  node.metadata.insert_or_assign(kStartedMetadata, fmt::format("{:%FT%TZ}", now));
  return node;
}

}  // namespace hal::app
