#include <hal/service/testing/test_discovery.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace hal::service::testing {

void TestDiscovery::put(std::string service, std::string address,
                        std::map<std::string, std::string> metadata) {
  std::string id = fmt::format("{}-{}", service, ++ids_);
  nodes_.push_back({.id = std::move(id),
                    .address = std::move(address),
                    .service = std::move(service),
                    .version = "test",
                    .metadata = std::move(metadata)});
}

Task<Result<std::vector<Node>>> TestDiscovery::resolve(std::string service) {
  if (!failure_.ok()) co_return error(failure_);
  std::vector<Node> found;
  std::set<std::string> known;
  for (const Node& node : nodes_) {
    known.insert(node.service);
    if (node.service == service) found.push_back(node);
  }
  if (found.empty()) {
    co_return error(Code::kNotFound, fmt::format("no node of '{}' in registry test; it knows: {}",
                                                 service, fmt::join(known, ", ")));
  }
  co_return found;
}

Task<Result<std::vector<Node>>> TestDiscovery::list() {
  std::vector<Node> all = nodes_;
  std::ranges::sort(all, {}, [](const Node& node) { return std::tie(node.service, node.id); });
  co_return all;
}

Task<Result<>> TestDiscovery::add(Node node) {
  std::erase_if(nodes_, [&](const Node& known) { return known.id == node.id; });
  nodes_.push_back(std::move(node));
  co_return Result<>{};
}

Task<Result<>> TestDiscovery::remove(std::string id) {
  std::erase_if(nodes_, [&](const Node& known) { return known.id == id; });
  co_return Result<>{};
}

Subscription TestDiscovery::subscribe(const std::string& service, std::function<void()> changed) {
  const auto function = std::make_shared<std::function<void()>>(std::move(changed));
  subscribed_.emplace_back(service, function);
  return function;
}

void TestDiscovery::tell(const std::string& service) const {
  for (const auto& [name, weak] : subscribed_) {
    if (name != service) continue;
    if (const auto function = weak.lock()) (*function)();
  }
}

}  // namespace hal::service::testing
