// Histogram of durations, as OpenTelemetry buckets them.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hal::telemetry {

/// Upper bounds in seconds, each included (OpenTelemetry semantic conventions,
/// http.server.request.duration).
inline constexpr std::array kDurationBounds{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                            0.5,   0.75, 1.0,   2.5,  5.0,   7.5, 10.0};

/// A plain value of its owner's thread: not thread-safe.
class Histogram {
 public:
  /// Counts one duration in its bucket.
  void record(std::chrono::nanoseconds duration) noexcept {
    const double seconds = std::chrono::duration<double>(duration).count();
    const auto bound = std::ranges::lower_bound(kDurationBounds, seconds);
    ++counts_[static_cast<std::size_t>(bound - kDurationBounds.begin())];
    sum_ += duration;
  }
  /// Adds all that the other one has counted.
  void add(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    sum_ += other.sum_;
  }

  /// How many were within kDurationBounds[bucket] but not within the bound before; the last bucket
  /// has what is above all bounds. Precondition: bucket <= kDurationBounds.size().
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
  [[nodiscard]] std::chrono::nanoseconds sum() const noexcept { return sum_; }

 private:
  std::array<std::uint64_t, kDurationBounds.size() + 1> counts_{};
  std::chrono::nanoseconds sum_{0};
};

}  // namespace hal::telemetry
