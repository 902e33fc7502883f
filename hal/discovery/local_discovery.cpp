#include <hal/discovery/local_discovery.hpp>

#include <hal/async/offload.hpp>
#include <hal/base/uuid.hpp>
#include <hal/discovery/node_file.hpp>
#include <hal/discovery/node_json.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/format.h>

namespace hal::discovery {
namespace {

using service::Node;

constexpr std::size_t kLoggedMax = 1024;

/// To callers of the registry every trouble with the folder means one thing.
Result<LocalDirectory> open_registry(const std::string& path) {
  auto directory = LocalDirectory::open(path);
  if (!directory) return error(Code::kUnavailable, directory.error().message());
  return directory;
}

}  // namespace

LocalDiscovery::LocalDiscovery(LocalOptions options)
    : options_{std::move(options)}, watch_{options_.directory} {}
LocalDiscovery::~LocalDiscovery() = default;

Task<Result<std::vector<Node>>> LocalDiscovery::resolve(std::string service) {
  std::vector<Node> nodes = co_await or_return(list());
  std::vector<Node> found;
  for (Node& node : nodes) {
    if (node.service == service) found.push_back(node);
  }
  if (found.empty()) {
    co_return error(Code::kNotFound,
                    fmt::format("no node of '{}' in the local registry {}; {}", service,
                                options_.directory, known_services(nodes)));
  }
  co_return found;
}

Task<Result<std::vector<Node>>> LocalDiscovery::list() {
  co_return co_await offload([this] { return read_nodes(); });
}

Task<Result<>> LocalDiscovery::add(Node node) {
  co_return co_await offload([this](const Node& mine) { return publish(mine); }, std::move(node));
}

Task<Result<>> LocalDiscovery::remove(std::string id) {
  co_return co_await offload([this](const std::string& mine) { return withdraw(mine); },
                             std::move(id));
}

service::Subscription LocalDiscovery::subscribe(const std::string& /*service*/,
                                                std::function<void()> changed) {
  return watch_.subscribe(std::move(changed));
}

Result<std::vector<Node>> LocalDiscovery::read_nodes() {
  const auto directory = open_registry(options_.directory);
  if (!directory) return error(directory.error());
  watch_.renew();  // before the look: nothing is missed
  auto found = scan(*directory, options_.limits);
  if (!found) return error(std::move(found.error()));
  log_failures(found->failures);
  return std::move(found->nodes);
}

Result<> LocalDiscovery::publish(const Node& node) {
  const auto document = to_json(node, options_.limits.node);
  if (!document) return error(document.error());
  if (document->size() > options_.limits.file_bytes_max) {
    return error(Code::kInvalidArgument,
                 fmt::format("the node's document has {} bytes, {} are allowed", document->size(),
                             options_.limits.file_bytes_max));
  }
  const std::lock_guard lock{mutex_};
  const auto known = own_.find(node.id);
  if (known == own_.end() && own_.size() >= options_.own_nodes_max) {
    return error(
        Code::kResourceExhausted,
        fmt::format("this process has registered {} nodes, more are not allowed", own_.size()));
  }
  auto directory = open_registry(options_.directory);
  if (!directory) return error(std::move(directory.error()));
  auto file = NodeFile::publish(
      std::move(*directory), known == own_.end() ? make_uuid() : known->second->uuid(), *document);
  if (!file) return error(std::move(file.error()));
  own_.insert_or_assign(node.id, std::make_unique<NodeFile>(std::move(*file)));
  return {};
}

Result<> LocalDiscovery::withdraw(const std::string& id) {
  const std::lock_guard lock{mutex_};
  own_.erase(id);
  return {};
}

void LocalDiscovery::log_failures(const std::vector<FileReport>& failures) {
  if (failures.empty()) return;
  const std::lock_guard lock{mutex_};
  for (const FileReport& report : failures) {
    if (logged_.size() >= kLoggedMax || !logged_.insert(report.file).second) continue;
    log::warn("passing over {}/{} of the local registry: {}", options_.directory, report.file,
              report.failure.message());
  }
}

}  // namespace hal::discovery
