#include <hal/discovery/kubernetes/kubernetes_discovery.hpp>

#include <hal/async/deadline.hpp>
#include <hal/discovery/endpointslice/slices.hpp>
#include <hal/service/run_on.hpp>
#include <hal/wire/percent.hpp>

#include <fmt/format.h>

namespace hal::discovery {

using kubernetes::ApiRequest;
using kubernetes::Fields;
using kubernetes::Resource;
using service::Node;

KubernetesDiscovery::KubernetesDiscovery(net::Network& network, KubernetesOptions options)
    : WatchedRegistry{network, options.watched}, options_{std::move(options)} {}
KubernetesDiscovery::~KubernetesDiscovery() = default;

void KubernetesDiscovery::start(const service::Worker& worker) {
  WatchedRegistry::start(worker);
  registration_.emplace(client(), options_.registration);
}

Result<Resource> KubernetesDiscovery::resource_of(const std::string& service) const {
  if (service.starts_with(endpointslice::kScheme)) {
    return endpointslice::resource_of(service, options_.watched);
  }
  if (service.empty() || service.size() > options_.registration.limits.name_bytes_max) {
    return error(Code::kInvalidArgument,
                 fmt::format("\"{}\" is no name of a service: from 1 to {} bytes", service,
                             options_.registration.limits.name_bytes_max));
  }
  return pods(service);
}

Resource KubernetesDiscovery::pods(std::string_view service) const {
  return kubernetes::pods_of(options_.watched.access.ns, service, options_.registration.limits,
                             options_.addresses);
}

Task<Result<std::vector<Node>>> KubernetesDiscovery::list() {
  co_return co_await service::run_on(home(), list_there, this);
}

Task<Result<std::vector<Node>>> KubernetesDiscovery::list_there(KubernetesDiscovery* self) {
  const Resource pods = self->pods("");
  Nodes all;
  const auto each = [&pods, &all](const boost::json::object& pod) -> Result<> {
    for (Node& node : pods.nodes_of(pod)) all.push_back(std::move(node));
    return {};
  };
  ApiRequest request{
      .verb = "list",
      .resource = pods.name,
      .ns = pods.ns,
      .path = fmt::format("{}?labelSelector={}", pods.path, wire::percent_encode(pods.selector))};
  co_await or_return(timeout(
      self->options_.list_timeout,
      kubernetes::read_list(&self->client(), std::move(request), kubernetes::list_fields(pods),
                            self->options_.watched.watch.pruner, each)));
  sort(all);
  co_return all;
}

Task<std::string> KubernetesDiscovery::known_names() {
  const auto names = co_await service::run_on(home(), names_there, this);
  co_return names ? "; " + *names : std::string{};
}

Task<Result<std::string>> KubernetesDiscovery::names_there(KubernetesDiscovery* self) {
  const TimePoint now = (co_await this_context()).loop->now();
  const bool fresh = self->named_at_ && now - *self->named_at_ < self->options_.names_interval;
  if (!fresh && !std::exchange(self->naming_, true)) {
    self->named_at_ = now;
    self->home().background->spawn(ask_names, self);
  }
  while (self->naming_) co_await or_return(co_await self->named_.wait());
  co_return self->names_;
}

/// In the background: all who ask meanwhile wait for it, and the end of one of them is not its end.
Task<> KubernetesDiscovery::ask_names(KubernetesDiscovery* self) {
  const auto nodes = co_await timeout(self->options_.names_timeout, list_there(self));
  if (nodes) self->names_ = known_services(*nodes);
  self->naming_ = false;
  self->named_.wake_all();
}

Task<Result<>> KubernetesDiscovery::add(Node node) {
  co_return co_await service::run_on(home(), add_there, this, std::move(node));
}

Task<Result<>> KubernetesDiscovery::add_there(KubernetesDiscovery* self, Node node) {
  co_await or_return(self->registration_->add(std::move(node)));
  if (!std::exchange(self->keeping_, true)) self->home().background->spawn(keep, self);
  co_return Result<>{};
}

Task<> KubernetesDiscovery::keep(KubernetesDiscovery* self) {
  co_await self->registration_->keep();
}

Task<Result<>> KubernetesDiscovery::remove(std::string id) {
  co_return co_await service::run_on(home(), remove_there, this, std::move(id));
}

Task<Result<>> KubernetesDiscovery::remove_there(KubernetesDiscovery* self, std::string id) {
  co_return co_await self->registration_->remove(std::move(id));
}

}  // namespace hal::discovery
