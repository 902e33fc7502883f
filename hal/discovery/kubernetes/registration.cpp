#include <hal/discovery/kubernetes/registration.hpp>

#include <hal/async/deadline.hpp>
#include <hal/discovery/kubernetes/pods.hpp>
#include <hal/discovery/node_json.hpp>
#include <hal/net/endpoint.hpp>
#include <hal/telemetry/log.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <set>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;
using service::Node;

/// The name part of a label has 63 bytes (Kubernetes, "Labels and Selectors", Syntax).
constexpr std::size_t kServiceBytesMax = 63 - std::string_view{"selector-"}.size();

std::string patch_of(const json::object& labels, const json::object& annotations) {
  return json::serialize(
      json::object{{"metadata", {{"labels", labels}, {"annotations", annotations}}}});
}

/// Whether the next attempt may go better, without anybody doing something.
bool is_passing(const Status& status) {
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
    case Code::kUnauthenticated:
    case Code::kAborted:
      return true;
    default:
      return false;
  }
}

void warn_of_a_name(const Node& node) {
  const auto endpoint = net::parse_endpoint(node.address);
  if (!endpoint || net::is_numeric_host(endpoint->host)) return;
  log::warn(
      "{} is registered at {}, no address of a pod: only clients with HAL_HOST_ADDRESSES=true "
      "call it there, and go-micro's",
      node.service, node.address);
}

}  // namespace

Result<std::string> register_patch(std::span<const Node> nodes, const NodeLimits& limits) {
  const std::string& service = nodes.front().service;
  const std::string name = label_name(service);
  if (name.size() > kServiceBytesMax || name.find_last_of("-_.") + 1 == name.size()) {
    return error(
        Code::kInvalidArgument,
        fmt::format("the service name \"{}\" cannot be a label of a pod: at most {} bytes, "
                    "ending in a letter or digit",
                    service, kServiceBytesMax));
  }
  const auto document = to_json(nodes, limits);
  if (!document) return error(document.error());
  return patch_of(
      {{fmt::format("{}{}", kSelectorPrefix, name), kServiceValue}, {kTypeLabel, kServiceValue}},
      {{fmt::format("{}{}", kServicePrefix, name), *document}});
}

std::string deregister_patch(std::string_view service, std::size_t others) {
  const std::string name = label_name(service);
  json::object labels{{fmt::format("{}{}", kSelectorPrefix, name), nullptr}};
  if (others == 0) labels.emplace(kTypeLabel, nullptr);
  return patch_of(labels, {{fmt::format("{}{}", kServicePrefix, name), nullptr}});
}

/// One patch at a time.
class Registration::Turn {
 public:
  /// `registering`: null if nobody may stop it.
  Turn(Registration& owner, DeadlineContext* registering) : owner_{owner} {
    owner_.busy_ = true;
    owner_.registering_ = registering;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    owner_.busy_ = false;
    owner_.registering_ = nullptr;
    owner_.free_.wake_all();
  }

 private:
  Registration& owner_;
};

/// Nothing registers meanwhile.
class Registration::Removal {
 public:
  explicit Removal(Registration& owner) : owner_{owner} { ++owner_.removing_; }
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  ~Removal() {
    --owner_.removing_;
    owner_.free_.wake_all();
  }

 private:
  Registration& owner_;
};

Registration::Registration(ApiClient& client, RegistrationOptions options)
    : client_{client}, options_{std::move(options)} {}

std::vector<Node> Registration::nodes_of(std::string_view service) const {
  std::vector<Node> found;
  std::ranges::copy_if(nodes_, std::back_inserter(found),
                       [&](const Node& node) { return node.service == service; });
  return found;
}

Task<Result<>> Registration::add(Node node) {
  if (options_.pod.empty()) {
    log::info("{} is not registered: this is no pod", node.service);
    co_return Result<>{};
  }
  std::erase_if(nodes_, [&](const Node& known) { return known.id == node.id; });
  const std::string service = node.service;
  const std::string id = node.id;
  auto all = nodes_of(service);
  if (!all.empty() && all.front().version != node.version) {
    co_return error(Code::kInvalidArgument,
                    fmt::format("this process has registered version {} of {}, and a pod has one "
                                "version of a service; this is {}",
                                all.front().version, service, node.version));
  }
  all.push_back(node);
  if (const auto patch = register_patch(all, options_.limits); !patch) {
    co_return error(patch.error());
  }
  warn_of_a_name(node);
  nodes_.push_back(std::move(node));
  auto sent = co_await send(service, Purpose::kRegister, options_.patch_timeout);
  if (sent) co_return sent;
  if (is_passing(sent.error())) {
    failing_ = true;
    log::warn("{} is not registered yet: {}", service, sent.error().to_string());
    changed_.wake_all();
    co_return Result<>{};
  }
  std::erase_if(nodes_, [&](const Node& known) { return known.id == id; });
  co_return error(sent.error().with_prefix("cannot register " + service));
}

Task<Result<>> Registration::remove(std::string id) {
  const auto node = std::ranges::find(nodes_, id, &Node::id);
  if (node == nodes_.end()) co_return Result<>{};
  const std::string service = node->service;
  nodes_.erase(node);
  const Removal first{*this};
  co_await interrupt();
  auto sent = co_await send(service, Purpose::kRemove, options_.first_removal_timeout);
  const Code code = sent ? Code::kOk : sent.error().code();
  if (code != Code::kDeadlineExceeded && code != Code::kUnavailable) co_return sent;
  co_return co_await send(service, Purpose::kRemove, options_.patch_timeout);
}

Task<> Registration::interrupt() {
  if (registering_ == nullptr) co_return;
  const auto freed = co_await timeout(options_.heartbeat_patience, wait_on(free_));
  if (freed || registering_ == nullptr) co_return;
  registering_->stop({Code::kUnavailable, "given up: a node is removed"});
}

/// What is registered of the service now, be it nothing.
Task<Result<>> Registration::send(std::string service, Purpose purpose, Duration time) {
  const bool waits_for_removals = purpose == Purpose::kRegister;
  while (busy_ || (waits_for_removals && removing_ > 0)) {
    co_await or_return(co_await free_.wait());
  }
  const Context& context = co_await this_context();
  DeadlineContext limits{context, saturating_add(context.loop->now(), time)};
  const Turn turn{*this, waits_for_removals ? &limits : nullptr};
  const auto nodes = nodes_of(service);
  auto patch = nodes.empty() ? Result<std::string>{deregister_patch(service, nodes_.size())}
                             : register_patch(nodes, options_.limits);
  if (!patch) co_return error(std::move(patch.error()));
  Refusal refusal;
  ApiRequest request{
      .verb = "patch",
      .resource = "pods",
      .ns = options_.ns,
      .path = fmt::format("/api/v1/namespaces/{}/pods/{}", options_.ns, options_.pod),
      .refusal = &refusal};
  auto sent =
      co_await run_in(limits.context(), client_.patch(std::move(request), std::move(*patch)));
  wished_ = std::max(wished_, refusal.retry_after);
  co_return sent;
}

/// All of them, whatever becomes of one; the first error. A removal ends it: the process does.
Task<Result<>> Registration::send_all() {
  std::set<std::string> services;
  for (const Node& node : nodes_) services.insert(node.service);
  Result<> all{};
  for (const std::string& service : services) {
    if (removing_ > 0) break;
    const auto sent = co_await send(service, Purpose::kRegister, options_.patch_timeout);
    if (!sent && all) all = error(sent.error().with_prefix(service));
  }
  co_return all;
}

Task<> Registration::keep() {
  Backoff steady{{.base = options_.interval, .max = Duration::max()}};
  Backoff failed{options_.backoff};
  while (co_await or_stopped()) {
    steady.reset();
    const Duration delay = failing_ ? wished_ + failed.next(random_) : steady.next(random_);
    const auto sooner = co_await timeout(delay, wait_on(changed_));
    if (!co_await or_stopped()) co_return;
    if (sooner) continue;
    wished_ = {};
    const auto sent = co_await send_all();
    if (!co_await or_stopped()) co_return;
    if (!sent && !failing_) {
      log::warn("cannot register again: {}", sent.error().to_string());
    } else if (sent && failing_) {
      log::info("registered again on pod {}", options_.pod);
    }
    failing_ = !sent;
    if (sent) failed.reset();
  }
}

}  // namespace hal::discovery::kubernetes
