// What every backend knows of nodes: their limits, their order.
#pragma once

#include <hal/service/discovery.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace hal::discovery {

/// Bounds of one node. They are far above what services use; they keep one bad registration from
/// filling the memory of every process that reads it.
struct NodeLimits {
  std::size_t name_bytes_max = 253;     ///< service and version: a DNS name's length (RFC 1035 3.1)
  std::size_t id_bytes_max = 512;       ///< "<service>-<uuid>" and room
  std::size_t address_bytes_max = 300;  ///< a DNS name, brackets, colon and port
  std::size_t metadata_entries_max = 64;
  std::size_t metadata_bytes_max = 4096;  ///< of one key or one value
  std::size_t endpoints_max = 1024;
  std::size_t endpoint_bytes_max = 1024;  ///< of one name
};

/// OK for a node that may be registered: service, id and address are there, the address is
/// "host:port" with a host and a port above 0, nothing is longer than allowed. Else
/// INVALID_ARGUMENT with the rule.
[[nodiscard]] Result<> check(const service::Node& node, const NodeLimits& limits = {});

/// By service, then id: the order of Discovery::list().
void sort(std::vector<service::Node>& nodes);

/// Their services, for messages: "it knows: a, b and 7 more" (20 are named), or "it is empty".
[[nodiscard]] std::string known_services(const std::vector<service::Node>& nodes);

}  // namespace hal::discovery
