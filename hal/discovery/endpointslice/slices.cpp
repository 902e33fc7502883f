#include <hal/discovery/endpointslice/slices.hpp>

#include <hal/base/ascii.hpp>
#include <hal/net/endpoint.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <set>

namespace hal::discovery::endpointslice {
namespace {

namespace json = boost::json;
using kubernetes::array_of;
using kubernetes::object_of;
using kubernetes::text_of;
using service::Node;

// What choose() needs to know of nodes, until it takes it away again.
constexpr const char* kTerminating = "endpointslice/terminating";
constexpr const char* kZones = "endpointslice/zones";  // ",a,b,"
constexpr const char* kIpv6 = "endpointslice/ipv6";

/// RFC 1123's label: what namespaces, Services and ports are called.
bool is_label(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 63 && is_plain(text.front()) && is_plain(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return is_plain(c) || c == '-'; });
}

/// Null, which the API says to take as `absent`.
bool condition(const json::object& endpoint, std::string_view name, bool absent) {
  const auto* const conditions = object_of(endpoint, "conditions");
  const auto* const value = conditions == nullptr ? nullptr : conditions->if_contains(name);
  return value == nullptr || !value->is_bool() ? absent : value->get_bool();
}

/// The port's number in this slice, 0 if it has none.
std::uint16_t port_of(const json::object& slice, std::string_view wanted) {
  const auto* const ports = array_of(slice, "ports");
  if (ports == nullptr) return 0;
  const bool any = wanted.empty() && ports->size() == 1;
  for (const json::value& value : *ports) {
    const auto* const port = value.if_object();
    const auto* const number = port == nullptr ? nullptr : port->if_contains("port");
    if (number == nullptr || !number->is_int64()) continue;
    const auto protocol = text_of(*port, "protocol");
    if (!protocol.empty() && protocol != "TCP") continue;
    const bool is_it = any || text_of(*port, "name") == (wanted.empty() ? "grpc" : wanted) ||
                       parse_int<std::int64_t>(wanted) == number->get_int64();
    if (is_it) return static_cast<std::uint16_t>(number->get_int64());
  }
  return 0;
}

std::string zones_of(const json::object& endpoint) {
  const auto* const hints = object_of(endpoint, "hints");
  const auto* const zones = hints == nullptr ? nullptr : array_of(*hints, "forZones");
  if (zones == nullptr) return {};
  std::string all = ",";
  for (const json::value& each : *zones) {
    if (const auto* const zone = each.if_object())
      all += fmt::format("{},", text_of(*zone, "name"));
  }
  return all;
}

std::vector<Node> nodes_of(const json::object& slice, const std::string& port,
                           const std::string& name) {
  std::vector<Node> nodes;
  const std::uint16_t number = port_of(slice, port);
  const auto* const endpoints = array_of(slice, "endpoints");
  const auto type = text_of(slice, "addressType");
  if (number == 0 || endpoints == nullptr || (type != "IPv4" && type != "IPv6")) return nodes;
  for (const json::value& each : *endpoints) {
    const auto* const endpoint = each.if_object();
    const auto* const addresses = endpoint == nullptr ? nullptr : array_of(*endpoint, "addresses");
    // All addresses of one endpoint lead to the same place: the first one does.
    if (addresses == nullptr || addresses->empty() || !addresses->front().is_string()) continue;
    const bool ready = condition(*endpoint, "ready", true);
    const bool terminating = condition(*endpoint, "terminating", false);
    if (!ready && !(terminating && condition(*endpoint, "serving", ready))) continue;
    const auto address = net::to_string(
        {.host = std::string{std::string_view{addresses->front().get_string()}}, .port = number});
    Node node{.id = address, .address = address, .service = name, .version{}, .metadata{}};
    if (const auto* const target = object_of(*endpoint, "targetRef")) {
      node.metadata.emplace("pod", text_of(*target, "name"));
    }
    if (!ready) node.metadata.emplace(kTerminating, "");
    if (type == "IPv6") node.metadata.emplace(kIpv6, "");
    node.metadata.emplace(kZones, zones_of(*endpoint));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

/// Leaves those that have not `mark` if there are some; else all.
void prefer_without(const char* mark, std::vector<Node>& nodes) {
  const auto has = [mark](const Node& node) { return node.metadata.contains(mark); };
  if (!std::ranges::all_of(nodes, has)) std::erase_if(nodes, has);
}

void prefer_zone(const std::string& zone, std::vector<Node>& nodes) {
  const auto mine = fmt::format(",{},", zone);
  const auto hint = [](const Node& node) -> const std::string& { return node.metadata.at(kZones); };
  const auto for_me = [&](const Node& node) { return hint(node).contains(mine); };
  const bool all_hinted =
      std::ranges::none_of(nodes, [&](const Node& node) { return hint(node).empty(); });
  if (zone.empty() || !all_hinted || std::ranges::none_of(nodes, for_me)) return;
  std::erase_if(nodes, [&](const Node& node) { return !for_me(node); });
}

void choose(const std::string& zone, std::vector<Node>& nodes) {
  prefer_without(kIpv6, nodes);
  prefer_without(kTerminating, nodes);
  prefer_zone(zone, nodes);
  // While a controller moves an endpoint to another slice, it is in both.
  std::set<std::string> seen;
  std::erase_if(nodes, [&](const Node& node) { return !seen.insert(node.address).second; });
  for (Node& node : nodes) {
    for (const char* const mark : {kTerminating, kZones, kIpv6}) node.metadata.erase(mark);
  }
}

}  // namespace

Result<Target> parse_target(std::string_view name, std::string_view ns) {
  const auto wrong = [name] {
    return error(Code::kInvalidArgument,
                 fmt::format("\"{}\" names no Service: expected service[:port] or "
                             "k8s://namespace/service[:port]",
                             name));
  };
  Target target{.ns = std::string{ns}, .service{}};
  std::string_view rest = name;
  if (rest.starts_with(kScheme)) {
    rest.remove_prefix(kScheme.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return wrong();
    target.ns = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    target.port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_label(target.port)) return wrong();
  }
  target.service = rest;
  if (!is_label(target.ns) || !is_label(target.service)) return wrong();
  return target;
}

kubernetes::Resource slices_of(const Target& target, std::string_view zone, std::string_view name) {
  return {.name = "endpointslices",
          .ns = target.ns,
          .path = fmt::format("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", target.ns),
          .selector = "kubernetes.io/service-name=" + target.service,
          .fields = {{.name = "addressType"},
                     {.name = "endpoints",
                      .inside = {{.name = "addresses"},
                                 {.name = "conditions"},
                                 {.name = "hints"},
                                 {.name = "targetRef", .inside = {{.name = "name"}}}}},
                     {.name = "ports"}},
          .nodes_of = [port = target.port, name = std::string{name}](
                          const json::object& slice) { return nodes_of(slice, port, name); },
          .choose = [zone = std::string{zone}](std::vector<Node>& nodes) { choose(zone, nodes); }};
}

Result<kubernetes::Resource> resource_of(const std::string& name,
                                         const kubernetes::WatchedOptions& options) {
  const auto target = parse_target(name, options.access.ns);
  if (!target) return error(target.error());
  return slices_of(*target, options.zone, name);
}

}  // namespace hal::discovery::endpointslice
