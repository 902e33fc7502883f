#include <hal/discovery/source_registry.hpp>

#include <hal/service/run_on.hpp>

#include <fmt/format.h>

namespace hal::discovery {
namespace {

Task<> run(std::shared_ptr<NodeSource> source) { co_await source->run(); }

Task<Result<>> wait_settled(std::shared_ptr<NodeSource> source) {
  co_return co_await source->nodes().settled();
}

}  // namespace

void SourceRegistry::start(const service::Worker& worker) {
  expects(home_ == nullptr, "a registry is started once");
  home_ = &worker;
}

const service::Worker& SourceRegistry::home() const {
  expects(home_ != nullptr, "a registry is started before it is used");
  return *home_;
}

Task<std::string> SourceRegistry::known_names() { co_return std::string{}; }

Result<std::shared_ptr<NodeSource>> SourceRegistry::find(const std::string& service) {
  const auto& worker = home();
  const std::lock_guard lock{mutex_};
  if (const auto known = sources_.find(service); known != sources_.end()) return known->second;
  if (sources_.size() >= kNamesMax) {
    return error(Code::kResourceExhausted,
                 fmt::format("{} names are looked up already", sources_.size()));
  }
  auto source = source_of(service);
  if (!source) return source;
  sources_.emplace(service, *source);
  worker.loop->post(
      [source = *source, background = worker.background] { background->spawn(run, source); });
  return source;
}

Task<Result<std::vector<service::Node>>> SourceRegistry::resolve(std::string service) {
  const auto source = co_await or_return(find(service));
  auto answer = source->nodes().answer();
  if (answer.nodes == nullptr && answer.failure.ok()) {
    co_await or_return(service::run_on(home(), wait_settled, source));
    answer = source->nodes().answer();
  }
  if (answer.nodes != nullptr && !answer.nodes->empty()) co_return *answer.nodes;
  if (answer.nodes == nullptr) {
    co_return error(Code::kUnavailable, fmt::format("{} cannot be asked for '{}': {}", where(),
                                                    service, answer.failure.to_string()));
  }
  const std::string known = co_await known_names();
  co_return error(Code::kNotFound, fmt::format("no node of '{}' in {}{}", service, where(), known));
}

service::Subscription SourceRegistry::subscribe(const std::string& service,
                                                std::function<void()> changed) {
  const auto source = find(service);
  return source ? (*source)->nodes().subscribe(std::move(changed)) : nullptr;
}

}  // namespace hal::discovery
