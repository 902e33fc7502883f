#include <hal/discovery/kubernetes/watched_registry.hpp>

#include <hal/service/run_on.hpp>

#include <fmt/format.h>

namespace hal::discovery::kubernetes {
namespace {

Task<> run(std::shared_ptr<Watch> watch) { co_await watch->run(); }

Task<Result<>> wait_settled(std::shared_ptr<Watch> watch) {
  co_return co_await watch->nodes().settled();
}

}  // namespace

WatchedRegistry::WatchedRegistry(net::Network& network, WatchedOptions options)
    : network_{network}, options_{std::move(options)} {}
WatchedRegistry::~WatchedRegistry() = default;

void WatchedRegistry::start(const service::Worker& worker) {
  expects(home_ == nullptr, "a registry is started once");
  home_ = &worker;
  client_ = std::make_unique<ApiClient>(network_, worker.index + 1, options_.access);
}

const service::Worker& WatchedRegistry::home() const {
  expects(home_ != nullptr, "a registry is started before it is used");
  return *home_;
}

Result<std::shared_ptr<Watch>> WatchedRegistry::watch_of(const std::string& service) {
  const auto& worker = home();
  const std::lock_guard lock{mutex_};
  if (const auto known = watches_.find(service); known != watches_.end()) return known->second;
  if (watches_.size() >= options_.watches_max) {
    return error(Code::kResourceExhausted,
                 fmt::format("{} names are watched already", watches_.size()));
  }
  auto resource = resource_of(service);
  if (!resource) return error(std::move(resource.error()));
  auto watch = std::make_shared<Watch>(*client_, std::move(*resource), options_.watch);
  watches_.emplace(service, watch);
  worker.loop->post([watch, background = worker.background] { background->spawn(run, watch); });
  return watch;
}

Task<Result<std::vector<service::Node>>> WatchedRegistry::resolve(std::string service) {
  const auto watch = co_await or_return(watch_of(service));
  auto answer = watch->nodes().answer();
  if (answer.nodes == nullptr && answer.failure.ok()) {
    co_await or_return(service::run_on(home(), wait_settled, watch));
    answer = watch->nodes().answer();
  }
  if (answer.nodes != nullptr && !answer.nodes->empty()) co_return *answer.nodes;
  const auto where = fmt::format("the {} registry (namespace {})", name(), options_.access.ns);
  if (answer.nodes == nullptr) {
    co_return error(Code::kUnavailable, fmt::format("{} cannot be asked for '{}': {}", where,
                                                    service, answer.failure.to_string()));
  }
  const std::string known = co_await known_names();
  co_return error(Code::kUnavailable,
                  fmt::format("no node of '{}' in {}{}", service, where, known));
}

service::Subscription WatchedRegistry::subscribe(const std::string& service,
                                                 std::function<void()> changed) {
  const auto watch = watch_of(service);
  return watch ? (*watch)->nodes().subscribe(std::move(changed)) : nullptr;
}

}  // namespace hal::discovery::kubernetes
