#include <hal/discovery/static_discovery.hpp>

#include <hal/async/or_return.hpp>
#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/net/endpoint.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace hal::discovery {
namespace {

using service::Node;

constexpr std::size_t kEntriesMax = 1024;   // far more than anybody writes by hand
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035 3.1, as text
constexpr std::string_view kVariable = "HAL_STATIC_ADDRESSES";

std::unexpected<Status> invalid(std::string_view entry, std::string_view rule) {
  return error(Code::kInvalidArgument,
               fmt::format("{}: the entry \"{}\" {}", kVariable, entry, rule));
}

Result<Node> parse_entry(std::string_view entry) {
  const auto equals = entry.find('=');
  if (equals == std::string_view::npos) {
    return invalid(entry, "has no '=', expected name=host:port");
  }
  const std::string_view name = ascii_trim(entry.substr(0, equals));
  if (name.empty()) return invalid(entry, "has no name, expected name=host:port");
  const auto endpoint = net::parse_endpoint(ascii_trim(entry.substr(equals + 1)));
  if (!endpoint) return invalid(entry, fmt::format("is wrong: {}", endpoint.error().message()));
  if (endpoint->host.empty()) return invalid(entry, "has no host, expected name=host:port");
  if (endpoint->port == 0) return invalid(entry, "has port 0, expected a port from 1 to 65535");
  std::string address = net::to_string(*endpoint);
  Node node{.id = fmt::format("{}-{}", name, address),
            .address = std::move(address),
            .service = std::string{name},
            .version{},
            .metadata{}};
  if (auto ok = check(node); !ok) {
    return invalid(entry, fmt::format("is wrong: {}", ok.error().message()));
  }
  return node;
}

/// Letters, digits, '-', '_' and '.', as in names of hosts and of Kubernetes Services.
bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kHostBytesMax && !text.starts_with('.') &&
         std::ranges::all_of(text, [](char c) {
           const char lower = ascii_lower(c);
           return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.';
         });
}

std::vector<Node> nodes_of(const std::vector<Node>& all, std::string_view service) {
  std::vector<Node> found;
  std::ranges::copy_if(all, std::back_inserter(found),
                       [&](const Node& node) { return node.service == service; });
  return found;
}

}  // namespace

Result<std::vector<Node>> parse_static_addresses(std::span<const std::string> entries) {
  if (entries.size() > kEntriesMax) {
    return error(Code::kInvalidArgument, fmt::format("{}: {} entries, {} are allowed", kVariable,
                                                     entries.size(), kEntriesMax));
  }
  std::vector<Node> nodes;
  for (const std::string& entry : entries) {
    auto node = parse_entry(entry);
    if (!node) return error(std::move(node.error()));
    if (std::ranges::find(nodes, *node) == nodes.end()) nodes.push_back(std::move(*node));
  }
  return nodes;
}

Result<std::unique_ptr<StaticDiscovery>> StaticDiscovery::make(StaticOptions options) {
  if (!options.domain.empty() && !is_host_name(options.domain)) {
    return error(Code::kInvalidArgument,
                 fmt::format("STATIC_SELECTOR_DOMAIN_NAME: \"{}\" is no domain: letters, digits, "
                             "'-', '_' and '.', not beginning with '.'",
                             options.domain));
  }
  if (options.port == 0) {
    return error(Code::kInvalidArgument,
                 "STATIC_SELECTOR_PORT_NUMBER: 0 cannot be dialled, expected 1 to 65535");
  }
  return std::unique_ptr<StaticDiscovery>{new StaticDiscovery{std::move(options)}};
}

std::string StaticDiscovery::address_of(std::string_view service) const {
  return options_.domain.empty() ? fmt::format("{}:{}", service, options_.port)
                                 : fmt::format("{}.{}:{}", service, options_.domain, options_.port);
}

std::string StaticDiscovery::pattern() const { return address_of("<service>"); }

Task<Result<std::vector<Node>>> StaticDiscovery::resolve(std::string service) {
  auto found = nodes_of(options_.addresses, service);
  if (!found.empty()) co_return found;
  if (!is_host_name(service)) {
    co_return error(Code::kInvalidArgument,
                    fmt::format("the static registry dials {}, and \"{}\" can be no host name",
                                pattern(), service));
  }
  std::string address = address_of(service);
  found.push_back({.id = service,
                   .address = std::move(address),
                   .service = std::move(service),
                   .version{},
                   .metadata{}});
  co_return found;
}

Task<Result<std::vector<Node>>> StaticDiscovery::list() {
  std::vector<Node> all = options_.addresses;
  sort(all);
  co_return all;
}

Task<Result<>> StaticDiscovery::add(Node) { co_return Result<>{}; }
Task<Result<>> StaticDiscovery::remove(std::string) { co_return Result<>{}; }

StaticFirst::StaticFirst(std::vector<Node> addresses, std::unique_ptr<service::Discovery> next)
    : addresses_{std::move(addresses)}, next_{std::move(next)} {
  expects(next_ != nullptr, "StaticFirst stands before another registry");
}

Task<Result<std::vector<Node>>> StaticFirst::resolve(std::string service) {
  auto found = nodes_of(addresses_, service);
  if (!found.empty()) co_return found;
  co_return co_await next_->resolve(std::move(service));
}

Task<Result<std::vector<Node>>> StaticFirst::list() {
  std::vector<Node> all = co_await or_return(next_->list());
  std::erase_if(all, [this](const Node& node) {
    return std::ranges::find(addresses_, node.service, &Node::service) != addresses_.end();
  });
  all.insert(all.end(), addresses_.begin(), addresses_.end());
  sort(all);
  co_return all;
}

Task<Result<>> StaticFirst::add(Node node) { co_return co_await next_->add(std::move(node)); }
Task<Result<>> StaticFirst::remove(std::string id) {
  co_return co_await next_->remove(std::move(id));
}

service::Subscription StaticFirst::subscribe(const std::string& service,
                                             std::function<void()> changed) {
  if (!nodes_of(addresses_, service).empty()) return nullptr;  // they never change
  return next_->subscribe(service, std::move(changed));
}

}  // namespace hal::discovery
