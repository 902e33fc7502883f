#include <hal/discovery/kubernetes/pods.hpp>

#include <hal/base/ascii.hpp>
#include <hal/discovery/node_json.hpp>
#include <hal/net/endpoint.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;
using service::Node;

constexpr std::size_t kComplaintsMax = 1024;

bool is_label_character(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

bool is_ready(const json::object& status) {
  const auto* const conditions = array_of(status, "conditions");
  if (conditions == nullptr) return false;
  return std::ranges::any_of(*conditions, [](const json::value& each) {
    const auto* const condition = each.if_object();
    return condition != nullptr && text_of(*condition, "type") == "Ready" &&
           text_of(*condition, "status") == "True";
  });
}

bool is_own(std::string_view host, const json::object& status) {
  if (host == text_of(status, "podIP")) return true;
  const auto* const more = array_of(status, "podIPs");
  return more != nullptr && std::ranges::any_of(*more, [host](const json::value& each) {
           const auto* const address = each.if_object();
           return address != nullptr && text_of(*address, "ip") == host;
         });
}

bool is_allowed(const std::string& host, const json::object& status, Addresses addresses) {
  const bool is_numeric = net::is_numeric_host(host);
  if (is_numeric && is_own(host, status)) return true;
  return addresses == Addresses::kHosts && (!is_numeric || host == text_of(status, "hostIP"));
}

/// Reads pods; remembers what it has complained about.
class PodReader {
 public:
  PodReader(std::string service, NodeLimits limits, Addresses addresses)
      : service_{std::move(service)}, limits_{limits}, addresses_{addresses} {}

  std::vector<Node> operator()(const json::object& pod) {
    std::vector<Node> nodes;
    const auto* const metadata = object_of(pod, "metadata");
    const auto* const status = object_of(pod, "status");
    if (metadata == nullptr || status == nullptr || metadata->contains("deletionTimestamp") ||
        text_of(*status, "phase") != "Running" || !is_ready(*status)) {
      return nodes;
    }
    const auto* const annotations = object_of(*metadata, "annotations");
    if (annotations == nullptr) return nodes;
    for (const auto& annotation : *annotations) {
      if (!annotation.value().is_string()) continue;
      read(*metadata, *status, annotation.value().get_string(), nodes);
    }
    return nodes;
  }

 private:
  void read(const json::object& metadata, const json::object& status, std::string_view document,
            std::vector<Node>& out) {
    const std::string_view pod = text_of(metadata, "name");
    auto nodes = nodes_from_json(document, limits_);
    if (!nodes) return complain(pod, nodes.error().message());
    for (Node& node : *nodes) {
      if (!service_.empty() && node.service != service_) continue;
      const auto endpoint = net::parse_endpoint(node.address);  // check() has read it
      if (!is_allowed(endpoint->host, status, addresses_)) {
        complain(pod, fmt::format("the address {} of {} is not the pod's ({})", node.address,
                                  node.service, text_of(status, "podIP")));
        continue;
      }
      // go-micro's nodes do not say how old they are; their pods do.
      node.metadata.emplace("started", text_of(metadata, "creationTimestamp"));
      out.push_back(std::move(node));
    }
  }
  void complain(std::string_view pod, std::string_view what) {
    auto line = fmt::format("passing over a registration of pod {}: {}", pod, what);
    if (complaints_.size() >= kComplaintsMax || complaints_.contains(line)) return;
    log::warn("{}", line);
    complaints_.insert(std::move(line));
  }

  const std::string service_;
  const NodeLimits limits_;
  const Addresses addresses_;
  std::set<std::string> complaints_;
};

}  // namespace

std::string label_name(std::string_view service) {
  std::string name{service};
  std::ranges::replace_if(name, [](char c) { return !is_label_character(c); }, '_');
  return name;
}

Resource pods_of(std::string_view ns, std::string_view service, const NodeLimits& limits,
                 Addresses addresses) {
  const std::string name = label_name(service);
  const auto label =
      service.empty() ? std::string{kTypeLabel} : fmt::format("{}{}", kSelectorPrefix, name);
  const auto annotation = fmt::format("{}{}", kServicePrefix, service.empty() ? "*" : name);
  return {.name = "pods",
          .ns = std::string{ns},
          .path = fmt::format("/api/v1/namespaces/{}/pods", ns),
          .selector = fmt::format("{}={}", label, kServiceValue),
          .fields = {{.name = "status",
                      .inside = {{.name = "phase"},
                                 {.name = "podIP"},
                                 {.name = "hostIP"},
                                 {.name = "podIPs"},
                                 {.name = "conditions",
                                  .inside = {{.name = "type"}, {.name = "status"}}}}}},
          .metadata = {{.name = "creationTimestamp"},
                       {.name = "deletionTimestamp"},
                       {.name = "annotations", .inside = {{.name = annotation}}}},
          .nodes_of = PodReader{std::string{service}, limits, addresses}};
}

}  // namespace hal::discovery::kubernetes
