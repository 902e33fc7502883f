#include <hal/discovery/nodes.hpp>

#include <hal/net/endpoint.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace hal::discovery {
namespace {

Result<> check_text(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.empty()) {
    return error(Code::kInvalidArgument, fmt::format("the node has no {}", what));
  }
  if (text.size() > bytes_max) {
    return error(Code::kInvalidArgument, fmt::format("the node's {} has {} bytes, {} are allowed",
                                                     what, text.size(), bytes_max));
  }
  return {};
}

Result<> check_address(std::string_view address) {
  const auto endpoint = net::parse_endpoint(address);
  if (!endpoint) return error(endpoint.error().with_prefix("the node's address"));
  if (endpoint->host.empty() || endpoint->port == 0) {
    return error(Code::kInvalidArgument,
                 fmt::format("the node's address \"{}\" cannot be dialled: it needs a host and a "
                             "port above 0",
                             address));
  }
  return {};
}

constexpr std::size_t kNamesShownMax = 20;

}  // namespace

Result<> check(const service::Node& node, const NodeLimits& limits) {
  if (auto ok = check_text("service name", node.service, limits.name_bytes_max); !ok) return ok;
  if (auto ok = check_text("id", node.id, limits.id_bytes_max); !ok) return ok;
  if (auto ok = check_text("address", node.address, limits.address_bytes_max); !ok) return ok;
  if (auto ok = check_address(node.address); !ok) return ok;
  if (node.version.size() > limits.name_bytes_max) {
    return check_text("version", node.version, limits.name_bytes_max);
  }
  if (node.metadata.size() > limits.metadata_entries_max) {
    return error(Code::kInvalidArgument,
                 fmt::format("the node has {} metadata entries, {} are allowed",
                             node.metadata.size(), limits.metadata_entries_max));
  }
  for (const auto& [key, value] : node.metadata) {
    if (key.size() > limits.metadata_bytes_max || value.size() > limits.metadata_bytes_max) {
      return error(Code::kInvalidArgument,
                   fmt::format("a metadata entry of the node is longer than {} bytes",
                               limits.metadata_bytes_max));
    }
  }
  if (node.endpoints.size() > limits.endpoints_max) {
    return error(Code::kInvalidArgument, fmt::format("the node has {} endpoints, {} are allowed",
                                                     node.endpoints.size(), limits.endpoints_max));
  }
  for (const auto& endpoint : node.endpoints) {
    if (auto ok = check_text("endpoint's name", endpoint, limits.endpoint_bytes_max); !ok)
      return ok;
  }
  return {};
}

void sort(std::vector<service::Node>& nodes) {
  std::ranges::sort(nodes, {},
                    [](const service::Node& node) { return std::tie(node.service, node.id); });
}

std::string known_services(const std::vector<service::Node>& nodes) {
  std::set<std::string_view> names;
  for (const service::Node& node : nodes) names.insert(node.service);
  if (names.empty()) return "it is empty";
  const std::size_t hidden = names.size() - std::min(names.size(), kNamesShownMax);
  while (names.size() > kNamesShownMax) names.erase(std::prev(names.end()));
  return fmt::format("it knows: {}{}", fmt::join(names, ", "),
                     hidden == 0 ? "" : fmt::format(" and {} more", hidden));
}

}  // namespace hal::discovery
