// Peer: one node of a channel's service, as one worker sees it.
#pragma once

#include <hal/rpc/channel.hpp>

#include <vector>

namespace hal::rpc {

using ConnectionPtr = std::shared_ptr<transport::Http2Connection>;

/// What the peers of one channel on one worker share. Used on that worker only.
struct ChannelState {
  service::Host& host;
  Loop& loop;
  Scope& background;  ///< what connects and reads runs there, under no call's deadline
  const std::string service;
  ChannelOptions options;
  const std::optional<net::TlsClient> tls;
  std::minstd_rand random;
  /// Woken when a peer has become better or worse to use.
  WaitQueue changed{};
  /// Woken when the registry is to be asked soon.
  WaitQueue asked{};
  bool ask = false;

  void ask_registry() {
    ask = true;
    asked.wake_all();
  }
};

/// Keeps a connection to its node from the first ensure() until retire(). When the node cannot be
/// reached, or drops connections before they were of use, it is left alone for a while. One that
/// refuses requests rests: it keeps its connection, and calls go elsewhere.
class Peer final : public std::enable_shared_from_this<Peer> {
 public:
  /// `number` is not zero and unique in the channel on this worker.
  Peer(std::shared_ptr<ChannelState> state, service::Node node, std::uint64_t number);

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// It wants go-micro's headers.
  [[nodiscard]] bool go_micro() const noexcept { return go_micro_; }
  [[nodiscard]] bool is(const service::Node& node) const noexcept;
  /// The connection with the fewest streams that takes one more at once, or null.
  [[nodiscard]] ConnectionPtr with_room() const;
  /// Has a connection, though its streams may all be taken.
  [[nodiscard]] bool connected() const noexcept { return !links_.empty(); }
  /// Requests under way.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// An attempt to connect is under way.
  [[nodiscard]] bool connecting() const noexcept { return connecting_ || hurried_; }
  /// It refuses: others are better.
  [[nodiscard]] bool resting() const noexcept {
    return refusals_ > 1 && state_->loop.now() < rest_until_;
  }
  /// The last request was refused.
  [[nodiscard]] bool refuses() const noexcept { return refusals_ > 0; }
  /// A request was reset with REFUSED_STREAM on a connection that goes on. Once may be chance; the
  /// second time in a row, and whenever it happens after a rest, it rests: then true.
  bool refused();
  void answered() noexcept;
  /// Why the last attempt failed; OK once connected.
  [[nodiscard]] const Status& failure() const noexcept { return failure_; }

  /// Connects, if there is no connection, no attempt and no reason to wait with one.
  void ensure();
  /// A call has nowhere else to go: ends the wait for the next attempt. The first attempts of an
  /// outage come with each call, later ones at most every resolve_gap.
  void hurry();
  /// One more connection beside those that are full, up to the limit.
  void make_room();
  /// The node is gone from the registry, or the channel is: calls under way finish, then the
  /// connections end. ensure() does nothing from now on.
  void retire();

 private:
  struct Link;
  static Task<> connect_and_run(std::shared_ptr<Peer> self);
  static Task<> back_off(std::shared_ptr<Peer> self);
  Task<Result<std::unique_ptr<net::Stream>>> open_stream();
  void connect();
  void on_change(Link& link);
  void on_ready(Link& link);
  void on_lost(Link& link);
  void fail(Status status);

  const std::shared_ptr<ChannelState> state_;
  const service::Node node_;
  const std::uint64_t number_;
  const bool go_micro_;
  std::vector<Link*> links_;  // usable; each lives in its coroutine
  Backoff backoff_;
  Backoff rests_;
  TimePoint rest_until_{};
  int refusals_ = 0;  // in a row
  WaitQueue wake_;    // from backing off
  TimePoint failed_at_{};
  int failures_ = 0;  // since a connection was of use
  Status failure_;
  bool connecting_ = false;
  bool backing_off_ = false;
  bool hurried_ = false;
  bool retired_ = false;
};

}  // namespace hal::rpc
