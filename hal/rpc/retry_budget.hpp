// RetryBudget: keeps retries a small part of what is sent, so that they never make an outage worse.
#pragma once

#include <algorithm>
#include <chrono>

namespace hal::rpc {

/// Which calls are sent again, and how often: gRPC proposal A6 with its own recommended numbers.
struct RetryOptions {
  /// The first one included. 1: never again.
  int attempts_max = 3;
  /// Before attempt n + 1: a random time up to base * 2^(n-1), at most max.
  std::chrono::nanoseconds base = std::chrono::milliseconds{25};
  std::chrono::nanoseconds max = std::chrono::seconds{1};
  /// The budget of each worker: a failed attempt takes one token, any other outcome gives back
  /// this part of one; with half of them gone nothing is sent again.
  double tokens_max = 200;
  double tokens_per_success = 0.1;
};

/// The token bucket of gRPC proposal A6 (retryThrottling). Not thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryOptions& options) noexcept
      : max_{options.tokens_max}, gain_{options.tokens_per_success}, tokens_{max_} {}

  /// An attempt had another outcome than one worth a retry.
  void succeeded() noexcept { tokens_ = std::min(max_, tokens_ + gain_); }
  /// An attempt failed in a way that is worth a retry, whether or not there is one.
  void failed() noexcept { tokens_ = std::max(0.0, tokens_ - 1); }
  /// May a call be sent again now?
  [[nodiscard]] bool allows() const noexcept { return tokens_ > max_ / 2; }

 private:
  double max_;
  double gain_;
  double tokens_;
};

}  // namespace hal::rpc
