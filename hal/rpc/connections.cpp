#include <hal/rpc/connections.hpp>

#include <hal/async/deadline.hpp>
#include <hal/telemetry/log.hpp>

namespace hal::rpc {
namespace {

/// More do not help one worker: requests beyond the peer's limit wait for a stream instead.
constexpr std::size_t kConnectionsMax = 4;

}  // namespace

Connections::Connections(service::Host& host, std::string service, ChannelOptions options)
    : host_{host}, service_{std::move(service)}, options_{std::move(options)} {}

void Connections::close() {
  closed_ = true;
  for (const auto& connection : connections_) connection->shutdown();
}

Connections::ConnectionPtr Connections::choose() const {
  ConnectionPtr best;
  for (const auto& connection : connections_) {
    if (!connection->usable()) continue;
    if (best == nullptr || connection->open_streams() < best->open_streams()) best = connection;
  }
  return best;
}

Connections::ConnectionPtr Connections::ready() const {
  auto best = choose();
  if (best != nullptr && !best->has_room() && connections_.size() < kConnectionsMax) return nullptr;
  return best;
}

Task<Result<Connections::ConnectionPtr>> Connections::take() {
  auto best = ready();
  if (best != nullptr) co_return best;
  if (!connecting_) {
    connecting_ = true;
    ++attempts_;
    Scope* const background = (co_await this_context()).loop->background();
    expects(background != nullptr, "a channel is used on a worker of its host");
    background->spawn(connect_and_run, shared_from_this());
  }
  const auto attempt = attempts_;
  while (connecting_ && attempts_ == attempt) co_await or_return(co_await changed_.wait());
  best = choose();
  if (best != nullptr) co_return best;
  if (!last_error_.ok()) co_return error(last_error_);
  co_return error(Code::kUnavailable, fmt::format("the connection to '{}' was lost", service_));
}

Task<> Connections::connect_and_run(std::shared_ptr<Connections> self) {
  auto connected = co_await timeout(self->options_.connect_timeout, self->connect());
  self->connecting_ = false;
  if (!connected) {
    self->last_error_ = {Code::kUnavailable, connected.error().message()};
    self->changed_.wake_all();
    co_return;
  }
  const ConnectionPtr connection = *connected;
  if (self->closed_) connection->shutdown();
  self->connections_.push_back(connection);
  self->last_error_ = {};  // not before: who waited for the former attempt may not have run yet
  self->changed_.wake_all();
  if (auto ended = co_await connection->run(); !ended) {
    log::debug("connection to {} of '{}' ended: {}", net::to_string(connection->peer()),
               self->service_, ended.error().to_string());
  }
  std::erase(self->connections_, connection);
}

Task<Result<Connections::ConnectionPtr>> Connections::connect() {
  const auto nodes = co_await or_return(host_.discovery().resolve(service_));
  Status failure{Code::kUnavailable, fmt::format("'{}' has no node", service_)};
  const std::size_t first = next_node_++;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& node = nodes[(first + i) % nodes.size()];
    const auto endpoint = net::parse_endpoint(node.address);
    if (!endpoint) {  // one node's mistake: the others may do
      failure = endpoint.error().with_prefix(fmt::format("a node of '{}'", service_));
      continue;
    }
    auto stream = co_await host_.network().connect(*endpoint);
    if (stream) co_return transport::Http2Connection::client(std::move(*stream), options_.http2);
    failure = stream.error().with_prefix(fmt::format("cannot reach '{}'", service_));
  }
  co_return error(std::move(failure));
}

}  // namespace hal::rpc
