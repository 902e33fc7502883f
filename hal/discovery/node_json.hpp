// The JSON document of a node: go-micro's registry.Service, as its registries store it.
#pragma once

#include <hal/discovery/nodes.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery {

/// `{"name":..,"version":..,"metadata":null,"endpoints":[{"name":..,"request":null,
/// "response":null,"metadata":{}}],"nodes":[{"id":..,"address":..,"metadata":{..}}]}`, one line, in
/// go-micro's order of keys. All nodes are of the first one's service, version and endpoints.
/// INVALID_ARGUMENT for a node that check() refuses or whose texts are not UTF-8: nodes_from_json
/// reads whatever this returns. Precondition: there is a node.
[[nodiscard]] Result<std::string> to_json(std::span<const service::Node> nodes,
                                          const NodeLimits& limits = {});
[[nodiscard]] Result<std::string> to_json(const service::Node& node, const NodeLimits& limits = {});

/// The nodes of such a document, which go-micro or another program may have written: null and
/// absent mean empty for version, metadata, endpoints and nodes; of endpoints the names are read,
/// the service's own metadata and unknown keys are passed over. INVALID_ARGUMENT for text that is
/// no JSON, for a value of another type, for a node that check() refuses, for more than 256 nodes.
[[nodiscard]] Result<std::vector<service::Node>> nodes_from_json(std::string_view text,
                                                                 const NodeLimits& limits = {});

}  // namespace hal::discovery
