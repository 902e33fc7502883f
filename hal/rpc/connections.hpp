// Connections: the nodes of one channel's service on one worker, and which of them a call takes.
#pragma once

#include <hal/rpc/peer.hpp>

#include <vector>

namespace hal::rpc {

/// A connection that takes one more stream at once.
struct Route {
  ConnectionPtr connection{};
  std::uint64_t node = 0;
  bool go_micro = false;  ///< the node is go-micro's, not ours
};

/// What a call asks of its route.
struct RouteWish {
  /// Not this node, if there is another.
  std::uint64_t avoid = 0;
  bool wait_for_ready = false;
};

/// Made and used on its worker only. What it spawns runs in the worker's background scope and
/// keeps it alive: a request only waits, and may stop waiting.
///
/// The registry is asked at the first call, then in intervals while there are calls, when it says
/// that nodes have changed, and when a connection is lost or a call fails with UNAVAILABLE. A
/// registry that cannot answer, or knows no node, changes nothing: the connections that are there
/// go on.
class Connections final : public std::enable_shared_from_this<Connections> {
 public:
  Connections(service::Host& host, std::string service, ChannelOptions options,
              std::optional<net::TlsClient> tls = {});

  /// Of two random nodes with room the one with fewer requests under way. No connection: take()
  /// has to be awaited.
  [[nodiscard]] Route ready(std::uint64_t avoid = 0);
  /// The same, and waits: for the registry, an attempt to connect, or a stream to end.
  /// kUnavailable when no node can be reached (unless wait_for_ready), kResourceExhausted when
  /// too many wait already.
  Task<Result<Route>> take(RouteWish wish);
  /// A stream that was opened on a route has ended: lets a waiting call go on.
  void released() noexcept {
    if (waiting_ > 0) state_->changed.wake_one();
  }
  /// A call has failed with UNAVAILABLE: the registry may know better nodes.
  void call_failed();
  /// A node has refused a request, and its connection goes on: see Peer::refused().
  void refused(std::uint64_t node);
  /// A node has begun to answer a request.
  void answered(std::uint64_t node) {
    if (some_refuse_) forgive(node);
  }

  [[nodiscard]] RetryBudget& budget() noexcept { return budget_; }
  [[nodiscard]] std::minstd_rand& random() noexcept { return state_->random; }

  /// The channel is gone: calls under way finish, then the connections end.
  void close();

 private:
  struct Waiting;
  void subscribe();
  static Task<> refresh(std::shared_ptr<Connections> self);
  Task<Result<>> rest();
  [[nodiscard]] Route choose(std::uint64_t avoid);
  [[nodiscard]] Route choose_resting(std::uint64_t avoid);
  [[nodiscard]] Route take_candidate();
  [[nodiscard]] Peer* find(std::uint64_t node) const;
  void forgive(std::uint64_t node);
  [[nodiscard]] std::size_t pick();
  void update(std::vector<service::Node> nodes);
  void limit(std::vector<service::Node>& nodes) const;
  void ask();
  [[nodiscard]] bool fresh() const noexcept;
  /// There is a connection, or an attempt to make one.
  [[nodiscard]] bool node_may_come() const noexcept;
  [[nodiscard]] Status why_not() const;

  const std::shared_ptr<ChannelState> state_;
  const std::size_t salt_;  ///< so that workers and processes choose different nodes
  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<std::pair<Peer*, ConnectionPtr>> candidates_;  // scratch of choose()
  std::uint64_t last_picked_ = 0;                            // number of a peer
  RetryBudget budget_;
  service::Subscription subscription_;
  Status registry_failure_;
  std::optional<TimePoint> resolved_at_;
  WaitQueue closing_;
  std::size_t waiting_ = 0;
  std::uint64_t peers_made_ = 0;
  std::uint64_t questions_ = 0;  // to the registry
  std::uint64_t answers_ = 0;    // the question that was answered last
  bool some_refuse_ = false;     // of the peers; those that are gone are counted for a while
  bool refreshing_ = false;
  bool used_ = false;  // since the last question to the registry
  bool closed_ = false;
};

}  // namespace hal::rpc
