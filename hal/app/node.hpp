// The node a service registers: who it is and how it is reached.
#pragma once

#include <hal/service/host.hpp>

#include <map>
#include <string>
#include <string_view>

namespace hal::app {

/// The collector's name in the local registry, and what it says about itself there.
inline constexpr std::string_view kCollectorService = "hal9000-collector";
inline constexpr const char* kOtlpMetadata = "otlp";           ///< base URL for OTLP/HTTP
inline constexpr const char* kOtlpGrpcMetadata = "otlp_grpc";  ///< "host:port" for OTLP/gRPC
inline constexpr const char* kZipkinMetadata = "zipkin";       ///< base URL for Zipkin v2
inline constexpr const char* kQueryMetadata = "query";         ///< base URL of the query API
inline constexpr const char* kAdminMetadata = "admin";         ///< "host:port"
inline constexpr const char* kPidMetadata = "pid";

/// Where a client on this machine connects to: 127.0.0.1 for what is bound to all addresses.
[[nodiscard]] net::Endpoint reachable(net::Endpoint endpoint);

/// "<service>-<uuid>" at the reachable address, with the protocol's go-micro metadata and `more`.
[[nodiscard]] service::Node describe_node(const service::Listening& listening,
                                          std::string_view service_name,
                                          const std::map<std::string, std::string>& more);

}  // namespace hal::app
