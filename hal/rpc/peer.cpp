#include <hal/rpc/peer.hpp>

#include <hal/async/deadline.hpp>
#include <hal/rpc/go_micro.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::rpc {
namespace {

/// Of one outage, as soon as somebody calls: a server that has just been started again.
constexpr int kEagerAttempts = 3;

}  // namespace

/// One connection, for as long as it runs.
struct Peer::Link final : transport::Http2Watcher {
  Link(Peer& owner, ConnectionPtr made) : peer{owner}, connection{std::move(made)} {
    connection->watch(this);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { connection->watch(nullptr); }
  void on_change() noexcept override { peer.on_change(*this); }

  Peer& peer;
  ConnectionPtr connection;
  TimePoint ready_at{};
  bool was_ready = false;
  bool over = false;  ///< no more calls on it
};

Peer::Peer(std::shared_ptr<ChannelState> state, service::Node node, std::uint64_t number)
    : state_{std::move(state)},
      node_{std::move(node)},
      number_{number},
      go_micro_{go_micro::is_server(node_)},
      backoff_{state_->options.backoff},
      rests_{state_->options.backoff} {}

bool Peer::is(const service::Node& node) const noexcept {
  return node.id == node_.id && node.address == node_.address;
}

ConnectionPtr Peer::with_room() const {
  const ConnectionPtr* best = nullptr;
  for (const Link* link : links_) {
    const auto& connection = link->connection;
    if (!connection->has_room()) continue;
    if (best == nullptr || connection->open_streams() < (*best)->open_streams()) best = &connection;
  }
  return best == nullptr ? nullptr : *best;
}

std::size_t Peer::in_flight() const noexcept {
  std::size_t sum = 0;
  for (const Link* link : links_) sum += link->connection->open_streams();
  return sum;
}

void Peer::ensure() {
  if (links_.empty()) connect();
}

void Peer::make_room() {
  if (!links_.empty() && links_.size() < state_->options.connections_per_node_max) connect();
}

void Peer::hurry() {
  const bool soon = state_->loop.now() - failed_at_ < state_->options.resolve_gap;
  if (!backing_off_ || retired_ || (soon && failures_ > kEagerAttempts)) return;
  hurried_ = true;
  wake_.wake_all();
}

void Peer::connect() {
  if (retired_ || connecting_ || backing_off_) return;
  connecting_ = true;
  state_->background.spawn(connect_and_run, shared_from_this());
}

bool Peer::refused() {
  if (resting()) return false;  // one of those that were under way
  if (++refusals_ == 1) return false;
  const Duration rest = rests_.next(state_->random);
  rest_until_ = state_->loop.now() + rest;
  log::debug("{} of '{}' refuses requests: it is left out for {} ms", node_.address,
             state_->service, std::chrono::floor<std::chrono::milliseconds>(rest).count());
  return true;
}

void Peer::answered() noexcept {
  refusals_ = 0;
  rests_.reset();
}

void Peer::retire() {
  retired_ = true;
  for (Link* link : std::exchange(links_, {})) {
    link->over = true;
    link->connection->shutdown();
  }
  wake_.wake_all();
}

Task<> Peer::connect_and_run(std::shared_ptr<Peer> self) {
  const auto& options = self->state_->options;
  auto stream = co_await timeout(options.connect_timeout, self->open_stream());
  if (!stream) {
    self->fail({Code::kUnavailable, std::move(stream.error()).message()});
    co_return;
  }
  auto http2 = options.http2;
  http2.preface_time = std::chrono::ceil<std::chrono::milliseconds>(options.connect_timeout);
  Link link{*self, transport::Http2Connection::client(std::move(*stream), http2)};
  const auto ended = co_await link.connection->run();
  const std::string why = ended ? "the server closed the connection" : ended.error().message();
  log::debug("connection to {} of '{}' ended: {}", self->node_.address, self->state_->service, why);
  if (!link.was_ready) {
    self->fail(
        {Code::kUnavailable, fmt::format("cannot reach '{}': {}", self->state_->service, why)});
  }
}

Task<Result<std::unique_ptr<net::Stream>>> Peer::open_stream() {
  const auto endpoint = net::parse_endpoint(node_.address);
  if (!endpoint) {
    co_return error(endpoint.error().with_prefix(fmt::format("a node of '{}'", state_->service)));
  }
  auto stream = co_await state_->host.network().connect(*endpoint);
  if (!stream) {
    co_return error(stream.error().with_prefix(fmt::format("cannot reach '{}'", state_->service)));
  }
  if (!state_->tls) co_return stream;
  auto secured = co_await state_->tls->connect(std::move(*stream), state_->options.tls_name);
  if (!secured) {
    co_return error(secured.error().with_prefix(fmt::format("cannot reach '{}'", state_->service)));
  }
  co_return std::move(*secured);
}

void Peer::on_change(Link& link) {
  if (link.over) return;
  if (!link.was_ready) {
    if (link.connection->ready()) on_ready(link);
  } else if (!link.connection->usable()) {
    on_lost(link);
  } else {
    state_->changed.wake_all();
  }
}

void Peer::on_ready(Link& link) {
  link.was_ready = true;
  link.ready_at = state_->loop.now();
  connecting_ = false;
  failure_ = {};
  if (retired_ || !link.connection->usable()) {
    link.over = true;
    link.connection->shutdown();
    return;
  }
  links_.push_back(&link);
  state_->changed.wake_all();
}

void Peer::on_lost(Link& link) {
  link.over = true;
  std::erase(links_, &link);
  if (link.connection->pinged_too_often()) {  // gRPC proposal A8
    auto& http2 = state_->options.http2;
    http2.keepalive_time *= 2;
    http2.keepalive_interval *= 2;
  }
  state_->ask_registry();
  // Of use: such a connection is replaced at once, and so is the first that was not. Else the node
  // would be asked in a tight loop.
  if (link.connection->answered() ||
      state_->loop.now() - link.ready_at >= state_->options.backoff.base) {
    backoff_.reset();
    failures_ = 0;
    ensure();
    state_->changed.wake_all();
  } else if (++failures_ == 1) {
    ensure();
    state_->changed.wake_all();
  } else {
    fail({Code::kUnavailable, fmt::format("the connection to '{}' was lost", state_->service)});
  }
}

void Peer::fail(Status status) {
  connecting_ = false;
  failure_ = std::move(status);
  failed_at_ = state_->loop.now();
  ++failures_;
  if (!retired_ && !backing_off_) {
    backing_off_ = true;
    state_->background.spawn(back_off, shared_from_this());
  }
  state_->changed.wake_all();
}

Task<> Peer::back_off(std::shared_ptr<Peer> self) {
  const Duration delay = self->backoff_.next(self->state_->random);
  const auto early = co_await timeout(delay, wait_on(self->wake_));
  self->backing_off_ = self->hurried_ = false;
  if (!early && early.error().code() != Code::kDeadlineExceeded) co_return;  // stopped
  self->ensure();
}

}  // namespace hal::rpc
