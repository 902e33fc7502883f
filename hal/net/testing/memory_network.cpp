#include <hal/net/testing/memory_network.hpp>

#include <hal/async/or_return.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/net/testing/memory_stream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace hal::net::testing {
namespace detail {

class MemoryListener final : public Listener {
 public:
  MemoryListener(MemoryNetwork& network, Loop& loop, Endpoint local, const ListenOptions& options)
      : network_{&network},
        loop_{loop},
        local_{std::move(local)},
        backlog_{static_cast<std::size_t>(options.backlog)} {
    network_->listeners_.push_back(this);
  }
  ~MemoryListener() override {
    expects(op_ == nullptr, "a listener is destroyed after its accept has completed");
    MemoryListener::close();
  }

  std::unique_ptr<Stream> try_accept() override {
    if (queue_.empty()) return nullptr;
    auto stream = std::move(queue_.front());
    queue_.pop_front();
    return stream;
  }
  std::optional<Result<std::unique_ptr<Stream>>> start_accept(AcceptOp& op) override {
    expects(op_ == nullptr, "one accept at a time");
    if (network_ == nullptr) return error(Code::kCancelled, "the listener was closed");
    if (auto stream = try_accept()) return stream;
    op_ = &op;
    return std::nullopt;
  }
  void cancel_accept() noexcept override {
    complete(error(Code::kCancelled, "the accept was cancelled"));
  }
  void close() noexcept override {
    if (network_ == nullptr) return;
    std::erase(std::exchange(network_, nullptr)->listeners_, this);
    complete(error(Code::kCancelled, "the listener was closed"));
    while (auto stream = try_accept()) stream->abort();
  }
  [[nodiscard]] Endpoint local() const override { return local_; }
  [[nodiscard]] std::uint64_t accept_errors() const noexcept override { return 0; }

  /// False when the queue is full.
  bool offer(std::unique_ptr<Stream>& stream) {
    if (op_ != nullptr) {
      complete(std::move(stream));
      return true;
    }
    if (queue_.size() >= backlog_) return false;
    queue_.push_back(std::move(stream));
    return true;
  }
  [[nodiscard]] Loop& loop() const noexcept { return loop_; }
  [[nodiscard]] bool takes(const Endpoint& endpoint) const {
    return local_.port == endpoint.port && (local_.host.empty() || local_.host == endpoint.host);
  }

 private:
  void complete(Result<std::unique_ptr<Stream>> result) {
    if (op_ == nullptr) return;
    loop_.post([op = std::exchange(op_, nullptr), result = std::move(result)]() mutable {
      op->on_accept(std::move(result));
    });
  }

  MemoryNetwork* network_;  ///< null when closed
  Loop& loop_;
  const Endpoint local_;
  const std::size_t backlog_;
  std::deque<std::unique_ptr<Stream>> queue_;
  AcceptOp* op_ = nullptr;
};

}  // namespace detail

MemoryNetwork::~MemoryNetwork() { expects(listeners_.empty(), "a network outlives its listeners"); }

detail::MemoryListener* MemoryNetwork::find(const Endpoint& endpoint) const {
  const auto found = std::ranges::find_if(
      listeners_, [&](const auto* listener) { return listener->takes(endpoint); });
  return found == listeners_.end() ? nullptr : *found;
}

Result<std::unique_ptr<Listener>> MemoryNetwork::listen(Loop& loop, const Endpoint& endpoint,
                                                        const ListenOptions& options) {
  Endpoint local = endpoint;
  if (local.host == "localhost") local.host = "127.0.0.1";
  if (local.port == 0) local.port = next_port_++;
  const bool taken = std::ranges::any_of(listeners_, [&](const auto* other) {
    return other->takes(local) || (local.host.empty() && other->local().port == local.port);
  });
  if (taken) {
    return error(Code::kAlreadyExists, fmt::format("port {} is taken by this test", local.port));
  }
  return std::make_unique<detail::MemoryListener>(*this, loop, std::move(local), options);
}

Task<Result<std::unique_ptr<Stream>>> MemoryNetwork::connect(Endpoint endpoint) {
  co_await or_return(co_await or_stopped());
  const auto addresses = co_await or_return(resolve(endpoint.host, endpoint.port));
  Context& context = co_await this_context();
  if (hanging_.contains(endpoint.port)) {
    WaitQueue never;
    co_await or_return(co_await never.wait());
  }
  for (const Endpoint& address : addresses) {
    detail::MemoryListener* const listener =
        refused_.contains(address.port) ? nullptr : find(address);
    if (listener == nullptr) continue;
    const Endpoint own{.host = "127.0.0.1",
                       .port = static_cast<std::uint16_t>(50000 + connects_ % 10000)};
    const auto connection = std::make_shared<detail::MemoryConnection>(
        std::array<Loop*, 2>{context.loop, &listener->loop()}, std::array{own, address}, options_);
    auto [client, server] = detail::make_ends(connection);
    if (!listener->offer(server)) continue;
    ++connects_;
    std::erase_if(connections_, [](const auto& other) { return other.expired(); });
    connections_.push_back(connection);
    co_return std::move(client);
  }
  co_return error(Code::kUnavailable,
                  fmt::format("cannot connect to {}: Connection refused", to_string(endpoint)));
}

Task<Result<std::vector<Endpoint>>> MemoryNetwork::resolve(std::string host, std::uint16_t port) {
  std::vector<Endpoint> found;
  if (const auto known = hosts_.find(host); known != hosts_.end()) {
    for (const std::string& address : known->second) found.push_back({address, port});
  } else if (host.empty() || host == "localhost") {
    found.push_back({"127.0.0.1", port});
  } else if (is_numeric_host(host)) {
    found.push_back({host, port});
  }
  if (found.empty()) {
    co_return error(Code::kUnavailable, fmt::format("cannot resolve \"{}\": not known", host));
  }
  co_return found;
}

void MemoryNetwork::add_host(std::string name, std::vector<std::string> addresses) {
  hosts_.insert_or_assign(std::move(name), std::move(addresses));
}

void MemoryNetwork::refuse(std::uint16_t port, bool refused) {
  if (refused) {
    refused_.insert(port);
  } else {
    refused_.erase(port);
  }
}

void MemoryNetwork::hang(std::uint16_t port, bool hanging) {
  if (hanging) {
    hanging_.insert(port);
  } else {
    hanging_.erase(port);
  }
}

void MemoryNetwork::cut(std::uint16_t port) {
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection != nullptr && connection->endpoint(1).port == port) connection->reset();
  }
}

}  // namespace hal::net::testing
