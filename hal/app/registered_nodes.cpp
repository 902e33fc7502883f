#include <hal/app/registered_nodes.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/scope.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::app {
namespace {

Task<> remove_one(service::Discovery* discovery, std::string id) {
  if (auto removed = co_await discovery->remove(id); !removed) {
    log::warn("cannot deregister {}: {}", id, removed.error().to_string());
  }
}

Task<Result<>> remove_each(Scope& scope, service::Discovery* discovery,
                           std::vector<std::string> ids) {
  for (auto& id : ids) scope.spawn(remove_one, discovery, std::move(id));
  co_return Result<>{};
}

Task<> remove_in_time(service::Discovery* discovery, std::vector<std::string> ids) {
  (void)co_await timeout(RegisteredNodes::kRemovalTime,
                         with_scope(remove_each, discovery, std::move(ids)));
}

}  // namespace

Task<Result<>> RegisteredNodes::add(service::Discovery* discovery, service::Node node) {
  const std::string id = node.id;
  co_await or_return(discovery->add(std::move(node)));
  if (!keep(id)) co_await remove_in_time(discovery, {id});
  co_return Result<>{};
}

bool RegisteredNodes::keep(const std::string& id) {
  const std::lock_guard lock{mutex_};
  if (!closed_) ids_.push_back(id);
  return !closed_;
}

Task<> RegisteredNodes::remove_all(service::Discovery* discovery) {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    ids.swap(ids_);
  }
  co_await remove_in_time(discovery, std::move(ids));
}

}  // namespace hal::app
