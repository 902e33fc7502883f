#include <hal/app/node.hpp>

#include <hal/app/version.hpp>
#include <hal/base/uuid.hpp>

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

service::Node describe_node(const service::Listening& listening, std::string_view service_name,
                            std::string_view host, const std::map<std::string, std::string>& more) {
  const bool grpc = listening.protocol == service::Protocol::kGrpc;
  service::Node node{.id = fmt::format("{}-{}", service_name, make_uuid()),
                     .address = net::to_string(reachable(listening.endpoint, host)),
                     .service = std::string{service_name},
                     .version = std::string{kVersion},
                     .metadata = more,
                     .endpoints = listening.endpoints};
  node.metadata.emplace("protocol", grpc ? "grpc" : "http");
  node.metadata.emplace("server", grpc ? "grpc" : "http");
  // Tells our own nodes from go-micro's, whose metadata otherwise looks the same.
  node.metadata.emplace("hal", kVersion);
  node.metadata.emplace(kPidMetadata, std::to_string(::getpid()));
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  node.metadata.emplace(kStartedMetadata, fmt::format("{:%FT%TZ}", now));
  return node;
}

}  // namespace hal::app
