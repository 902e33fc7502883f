// The node a service registers: who it is and how it is reached.
#pragma once

#include <hal/config/config.hpp>
#include <hal/service/host.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

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

/// What the registry is told of a server's endpoints: the first ones. It has to hold them beside
/// all others (discovery::NodeLimits).
inline constexpr std::size_t kEndpointsMax = 256;

/// Where a client connects to: `host` for what is bound to all addresses, which a client on this
/// machine reaches by 127.0.0.1.
[[nodiscard]] net::Endpoint reachable(net::Endpoint endpoint, std::string_view host = "127.0.0.1");

/// How the process is to be known: the variables of go-micro's servers, with names of their own.
struct NodeOptions {
  std::string service_version{};                ///< empty: the kit's
  std::string service_id{};                     ///< empty: a new UUID
  std::string service_address{};                ///< "host:port", ":port": unless SERVICE_* say it
  std::string service_advertise{};              ///< "host:port" or "host"; empty: where it listens
  std::vector<std::string> service_metadata{};  ///< "key=value"

  std::vector<std::string> rpc_aliases{};  ///< HAL_RPC_ALIASES

  static void describe(config::Fields& fields);
};
BOOST_DESCRIBE_STRUCT(NodeOptions, (),
                      (service_version, service_id, service_address, service_advertise,
                       service_metadata, rpc_aliases))

/// OK, or INVALID_ARGUMENT that names variable, value and rule.
[[nodiscard]] Result<> check(const NodeOptions& options);

/// Who registers.
struct NodeNaming {
  std::string_view service{};
  std::string_view host = "127.0.0.1";  ///< for what is bound to all addresses
  NodeOptions options{};                ///< checked
  std::map<std::string, std::string> metadata{};
};

/// "<service>-<id>" at its advertised address, else at reachable(listening.endpoint, host), with
/// the options' metadata; what the kit says of itself, such as protocol and start, wins over both
/// `metadata` and the options'. At most kEndpointsMax endpoints; a log line tells of the rest.
[[nodiscard]] service::Node describe_node(const service::Listening& listening,
                                          const NodeNaming& naming);

}  // namespace hal::app
