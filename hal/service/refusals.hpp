// Refusals: requests that a server answers by itself, before a layer or a route has seen them.
#pragma once

#include <hal/async/timer.hpp>
#include <hal/service/call.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace hal::service {

/// Counts them by protocol and status and writes a log line of each kind once per interval, because
/// no layer does: who is refused at the edge leaves no span and no sample of a route. One for the
/// process, thread-safe: its mutex is taken by nothing that is served.
class Refusals {
 public:
  explicit Refusals(Duration log_interval = std::chrono::minutes{1}) : interval_{log_interval} {}

  struct Refusal {
    Protocol protocol = Protocol::kHttp;
    int http_status = 0;  ///< one of the server's own, not of a client's choice
    std::string_view why{};
    std::string_view peer{};  ///< the connection's other end
  };
  /// Writes a warning, or counts towards the next one of the kind.
  void refused(const Refusal& refusal, TimePoint now);

  struct Count {
    Protocol protocol = Protocol::kHttp;
    int http_status = 0;
    std::uint64_t requests = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };
  /// Of each kind there has been, since the start.
  [[nodiscard]] std::vector<Count> counts() const;

 private:
  struct Kind {
    std::uint64_t requests = 0;
    std::uint64_t untold = 0;
    TimePoint next{};  ///< when the next line may be written
  };
  const Duration interval_;
  mutable std::mutex mutex_;
  std::map<std::pair<Protocol, int>, Kind> kinds_;
};

/// "http", "grpc": as labels of metrics have it.
[[nodiscard]] constexpr std::string_view name(Protocol protocol) noexcept {
  return protocol == Protocol::kGrpc ? "grpc" : "http";
}

}  // namespace hal::service
