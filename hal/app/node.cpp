#include <hal/app/node.hpp>

#include <hal/app/version.hpp>
#include <hal/base/uuid.hpp>

#include <unistd.h>

namespace hal::app {

net::Endpoint reachable(net::Endpoint endpoint) {
  if (endpoint.host.empty() || endpoint.host == "0.0.0.0" || endpoint.host == "::") {
    endpoint.host = "127.0.0.1";
  }
  return endpoint;
}

service::Node describe_node(const service::Listening& listening, std::string_view service_name,
                            const std::map<std::string, std::string>& more) {
  const bool grpc = listening.protocol == service::Protocol::kGrpc;
  service::Node node{.id = fmt::format("{}-{}", service_name, make_uuid()),
                     .address = net::to_string(reachable(listening.endpoint)),
                     .service = std::string{service_name},
                     .version = std::string{kVersion},
                     .metadata = more};
  node.metadata.emplace("protocol", grpc ? "grpc" : "http");
  node.metadata.emplace("server", grpc ? "grpc" : "http");
  // Tells our own nodes from go-micro's, whose metadata otherwise looks the same.
  node.metadata.emplace("hal", kVersion);
  node.metadata.emplace(kPidMetadata, std::to_string(::getpid()));
  return node;
}

}  // namespace hal::app
