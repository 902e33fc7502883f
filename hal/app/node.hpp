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
inline constexpr const char* kStartedMetadata = "started";  ///< "2026-11-25T10:00:00Z" (RFC 3339)

/// Where a client connects to: `host` for what is bound to all addresses, which a client on this
/// machine reaches by 127.0.0.1.
[[nodiscard]] net::Endpoint reachable(net::Endpoint endpoint, std::string_view host = "127.0.0.1");

/// "<service>-<uuid>" at reachable(listening.endpoint, host), with the protocol's go-micro
/// metadata, the time of the start and `more`.
[[nodiscard]] service::Node describe_node(const service::Listening& listening,
                                          std::string_view service_name, std::string_view host,
                                          const std::map<std::string, std::string>& more);

}  // namespace hal::app
