// Backoff: how long to wait before what has failed is tried again.
#pragma once

#include <hal/async/timer.hpp>

#include <algorithm>
#include <random>

namespace hal {

/// gRPC's connection-backoff.md, numbers included.
struct BackoffOptions {
  Duration base = std::chrono::seconds{1};
  double multiplier = 1.6;
  /// Each delay is moved by up to this part of itself: clients do not come back all at once.
  double jitter = 0.2;
  Duration max = std::chrono::minutes{2};
};

/// The delays between the attempts of one thing. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(const BackoffOptions& options) noexcept
      : options_{options}, next_{options.base} {}

  /// The delay before the next attempt; the one after it is longer.
  [[nodiscard]] Duration next(std::minstd_rand& random) {
    const Duration delay = std::min(next_, options_.max);
    next_ = std::min(scaled(delay, options_.multiplier), options_.max);
    return scaled(
        delay, std::uniform_real_distribution<>{1 - options_.jitter, 1 + options_.jitter}(random));
  }
  /// After a success.
  void reset() noexcept { next_ = options_.base; }

 private:
  static Duration scaled(Duration duration, double factor) {
    return Duration{static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor)};
  }

  BackoffOptions options_;
  Duration next_;
};

}  // namespace hal
