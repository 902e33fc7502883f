// The network of a process that only reads its options.
#pragma once

#include <hal/net/network.hpp>

#include <atomic>

namespace hal::app {

/// Nothing listens, nothing is called: both fail with CANCELLED. Thread-safe.
class DryNetwork final : public net::Network {
 public:
  [[nodiscard]] Result<std::unique_ptr<net::Listener>> listen(
      Loop& loop, const net::Endpoint& endpoint, const net::ListenOptions& options) override;
  [[nodiscard]] Task<Result<std::unique_ptr<net::Stream>>> connect(net::Endpoint endpoint) override;
  [[nodiscard]] Task<Result<std::vector<net::Endpoint>>> resolve(std::string host,
                                                                 std::uint16_t port) override;

  /// The service has read its options, and would now start. CANCELLED.
  Result<> end_here();
  /// end_here() was called, or a server was about to listen.
  [[nodiscard]] bool all_read() const noexcept { return all_read_.load(); }

 private:
  std::atomic<bool> all_read_ = false;
};

}  // namespace hal::app
