#include <hal/rpc/connections.hpp>

#include <hal/async/deadline.hpp>
#include <hal/telemetry/log.hpp>

#include <boost/container_hash/hash.hpp>

namespace hal::rpc {
namespace {

/// OK when `queue` was woken or the time is over; else the reason of a stop.
Task<Result<>> pause(Duration duration, WaitQueue* queue) {
  const auto woken = co_await timeout(duration, wait_on(*queue));
  const Context& context = co_await this_context();
  if (!woken && context.stop != nullptr && context.stop->requested()) {
    co_return error(context.stop->reason());
  }
  co_return Result<>{};
}

const service::Worker& worker_of(service::Host& host, const Context* context) {
  expects(context != nullptr && context->loop->worker_index() < host.workers().size(),
          "a channel is used on a worker of its host");
  return host.workers()[context->loop->worker_index()];
}

std::shared_ptr<ChannelState> make_state(service::Host& host, std::string service,
                                         ChannelOptions options,
                                         std::optional<net::TlsClient> tls) {
  const auto& worker = worker_of(host, current_context());
  const std::uint32_t seed = options.seed ? *options.seed : std::random_device{}();
  return std::make_shared<ChannelState>(host, *worker.loop, *worker.background, std::move(service),
                                        std::move(options), std::move(tls), std::minstd_rand{seed});
}

/// While calls wait for a node that the registry does not know yet.
constexpr Duration kImpatient = std::chrono::seconds{1};

}  // namespace

/// A call's place in the queue. Whoever leaves it, for whatever reason, may have used up a wake-up
/// that the next one needs.
struct Connections::Waiting {
  explicit Waiting(Connections& owner) : connections{owner} { ++connections.waiting_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    --connections.waiting_;
    if (connections.waiting_ == 0) return;
    for (const auto& peer : connections.peers_) {
      if (peer->with_room() == nullptr) continue;
      connections.state_->changed.wake_one();
      return;
    }
  }
  Connections& connections;
};

Connections::Connections(service::Host& host, std::string service, ChannelOptions options,
                         std::optional<net::TlsClient> tls)
    : state_{make_state(host, std::move(service), std::move(options), std::move(tls))},
      salt_{state_->random()},
      budget_{state_->options.retry} {}

void Connections::close() {
  closed_ = true;
  subscription_.reset();
  for (const auto& peer : std::exchange(peers_, {})) peer->retire();
  closing_.wake_all();
  state_->ask_registry();
  state_->changed.wake_all();
}

Route Connections::ready(std::uint64_t avoid) {
  used_ = true;
  if (!refreshing_) ask();
  // Who waits comes first.
  return waiting_ > 0 ? Route{} : choose(avoid);
}

Route Connections::choose(std::uint64_t avoid) {
  candidates_.clear();
  Peer* last_choice = nullptr;
  for (const auto& peer : peers_) {
    if (some_refuse_ && peer->resting()) continue;
    if (peer->number() == avoid) {
      last_choice = peer.get();
    } else if (auto connection = peer->with_room()) {
      candidates_.emplace_back(peer.get(), std::move(connection));
    }
  }
  if (!candidates_.empty()) return take_candidate();
  if (last_choice != nullptr) return {last_choice->with_room(), avoid, last_choice->go_micro()};
  return some_refuse_ ? choose_resting(avoid) : Route{};
}

/// Of nodes that refuse, when there are no others: who has refused may take a call again.
Route Connections::choose_resting(std::uint64_t avoid) {
  for (const auto& peer : peers_) {
    const bool is_better = !peer->resting() && peer->connected();
    if (is_better) return {};  // it has no room now: better to wait for it
  }
  candidates_.clear();
  for (const auto& peer : peers_) {
    if (peer->number() == avoid) continue;
    if (auto connection = peer->with_room()) {
      candidates_.emplace_back(peer.get(), std::move(connection));
    }
  }
  if (!candidates_.empty()) return take_candidate();
  const Peer* const last_choice = find(avoid);
  if (last_choice == nullptr) return {};
  return {last_choice->with_room(), avoid, last_choice->go_micro()};
}

Route Connections::take_candidate() {
  auto& [peer, connection] = candidates_[pick()];
  last_picked_ = peer->number();
  Route route{std::move(connection), peer->number(), peer->go_micro()};
  candidates_.clear();
  return route;
}

/// An index of candidates_, which are ordered by number.
std::size_t Connections::pick() {
  const std::size_t count = candidates_.size();
  if (count == 1) return 0;
  if (state_->options.balance == Balance::kRoundRobin) {
    const auto next = std::ranges::find_if(candidates_, [this](const auto& candidate) {
      return candidate.first->number() > last_picked_;
    });
    return next == candidates_.end() ? 0 : static_cast<std::size_t>(next - candidates_.begin());
  }
  const std::size_t one = state_->random() % count;
  const std::size_t other = (one + 1 + state_->random() % (count - 1)) % count;
  const auto busy = [this](std::size_t i) { return candidates_[i].first->in_flight(); };
  return busy(other) < busy(one) ? other : one;
}

Task<Result<Route>> Connections::take(RouteWish wish) {
  const auto& options = state_->options;
  const std::uint64_t answer = questions_ + 1;  // the first that is not older than this call
  if (auto route = ready(wish.avoid); route.connection != nullptr) co_return route;
  if (waiting_ >= options.waiting_max) {
    co_return error(
        Code::kResourceExhausted,
        fmt::format("{} calls to '{}' wait for a connection already", waiting_, state_->service));
  }
  const Waiting place{*this};
  // Once, and not by a call that has just seen an attempt fail.
  bool may_hurry =
      std::ranges::none_of(peers_, [](const auto& peer) { return peer->connecting(); });
  for (;;) {
    if (auto route = choose(wish.avoid); route.connection != nullptr) co_return route;
    for (const auto& peer : peers_) peer->make_room();
    if (!node_may_come() && questions_ < answer) ask();
    const bool answered = answers_ >= answer;
    if (answered && !node_may_come() && std::exchange(may_hurry, false)) {
      for (const auto& peer : peers_) peer->hurry();
    }
    if (closed_ || (!wish.wait_for_ready && answered && !node_may_come())) {
      co_return error(why_not());
    }
    co_await or_return(co_await state_->changed.wait());
  }
}

bool Connections::fresh() const noexcept {
  return resolved_at_ && state_->loop.now() - *resolved_at_ < state_->options.resolve_gap;
}

bool Connections::node_may_come() const noexcept {
  return std::ranges::any_of(
      peers_, [](const auto& peer) { return peer->connecting() || peer->connected(); });
}

Status Connections::why_not() const {
  if (!registry_failure_.ok()) return registry_failure_;
  for (const auto& peer : peers_) {
    if (!peer->failure().ok()) return peer->failure();
  }
  return {Code::kUnavailable, fmt::format("'{}' has no node", state_->service)};
}

void Connections::call_failed() {
  if (!fresh()) ask();
}

Peer* Connections::find(std::uint64_t node) const {
  const auto found = std::ranges::find(peers_, node, &Peer::number);
  return found == peers_.end() ? nullptr : found->get();
}

void Connections::refused(std::uint64_t node) {
  Peer* const peer = find(node);
  if (peer == nullptr) return;
  some_refuse_ = true;
  if (peer->refused()) call_failed();
}

void Connections::forgive(std::uint64_t node) {
  if (Peer* const peer = find(node)) peer->answered();
  some_refuse_ = std::ranges::any_of(peers_, [](const auto& peer) { return peer->refuses(); });
}

/// A change reaches the channel at once, not after the interval.
void Connections::subscribe() {
  subscription_ = state_->host.discovery().subscribe(
      state_->service, [loop = &state_->loop, weak = weak_from_this()] {
        loop->post([weak] {
          if (const auto self = weak.lock()) self->ask();
        });
      });
}

void Connections::ask() {
  if (closed_) return;
  if (questions_ == 0) subscribe();
  state_->ask_registry();
  if (refreshing_) return;
  refreshing_ = true;
  state_->background.spawn(refresh, shared_from_this());
}

Task<> Connections::refresh(std::shared_ptr<Connections> self) {
  auto& state = *self->state_;
  while (!self->closed_) {
    state.ask = false;
    self->used_ = false;
    const std::uint64_t question = ++self->questions_;
    auto nodes = co_await timeout(state.options.connect_timeout,
                                  state.host.discovery().resolve(state.service));
    self->answers_ = question;
    self->resolved_at_ = state.loop.now();
    if (self->closed_) break;
    const bool is_gone = !nodes && nodes.error().code() == Code::kNotFound;
    self->registry_failure_ =
        nodes ? Status{} : Status{Code::kUnavailable, std::move(nodes.error()).message()};
    // Where the registry cannot be asked, who was known stays.
    if (is_gone) self->update({});
    if (nodes) self->update(std::move(*nodes));
    state.changed.wake_all();
    if (!co_await self->rest()) break;
    if (!state.ask && !self->used_ && self->waiting_ == 0) break;  // the next call begins again
  }
  self->refreshing_ = false;
  state.changed.wake_all();
}

/// The time between two questions to the registry.
Task<Result<>> Connections::rest() {
  auto& state = *state_;
  co_await or_return(pause(state.options.resolve_gap, &closing_));
  if (state.ask || closed_) co_return Result<>{};
  const bool impatient = waiting_ > 0 && std::ranges::none_of(peers_, [](const auto& peer) {
                           return peer->connected();
                         });
  // Jitter: a hundred processes do not ask in step.
  Backoff interval{{.base = impatient ? std::min(kImpatient, state.options.resolve_interval)
                                      : state.options.resolve_interval,
                    .max = Duration::max()}};
  co_return co_await pause(interval.next(state.random), &state.asked);
}

/// Which nodes are left out does not change from one answer to the next.
void Connections::limit(std::vector<service::Node>& nodes) const {
  const std::size_t most = state_->options.nodes_max;
  if (nodes.size() <= most) return;
  std::ranges::sort(nodes, {}, [this](const service::Node& node) {
    std::size_t hash = salt_;
    boost::hash_combine(hash, node.id);
    return hash;
  });
  nodes.resize(most);
}

void Connections::update(std::vector<service::Node> nodes) {
  limit(nodes);
  std::erase_if(peers_, [&](const auto& peer) {
    const auto known =
        std::ranges::find_if(nodes, [&](const auto& node) { return peer->is(node); });
    if (known == nodes.end()) {
      peer->retire();
      return true;
    }
    nodes.erase(known);
    return false;
  });
  for (auto& node : nodes) {
    peers_.push_back(std::make_shared<Peer>(state_, std::move(node), ++peers_made_));
    peers_.back()->ensure();
  }
}

}  // namespace hal::rpc
