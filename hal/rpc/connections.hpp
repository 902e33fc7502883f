// Connections: the connections of one channel on one worker.
#pragma once

#include <hal/rpc/channel.hpp>

#include <vector>

namespace hal::rpc {

/// Made and used on its worker only. What it spawns runs in the worker's background scope and
/// keeps it alive: a request only waits, and may stop waiting.
class Connections final : public std::enable_shared_from_this<Connections> {
 public:
  Connections(service::Host& host, std::string service, ChannelOptions options);

  /// A connection that takes one more stream at once; null when take() has to be awaited.
  [[nodiscard]] std::shared_ptr<transport::Http2Connection> ready() const;
  /// A connection that takes one more stream; connects if there is none. kUnavailable when no node
  /// can be reached: the next call tries again.
  Task<Result<std::shared_ptr<transport::Http2Connection>>> take();

  /// The channel is gone: calls under way finish, then the connections end.
  void close();

 private:
  using ConnectionPtr = std::shared_ptr<transport::Http2Connection>;

  [[nodiscard]] ConnectionPtr choose() const;
  static Task<> connect_and_run(std::shared_ptr<Connections> self);
  Task<Result<ConnectionPtr>> connect();

  service::Host& host_;
  const std::string service_;
  const ChannelOptions options_;  // a copy: the channel may go before its last connection
  std::vector<ConnectionPtr> connections_;
  WaitQueue changed_;
  Status last_error_;
  std::uint64_t attempts_ = 0;
  bool connecting_ = false;
  bool closed_ = false;
  std::size_t next_node_ = 0;
};

}  // namespace hal::rpc
