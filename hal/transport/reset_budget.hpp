// How many requests a client may take back before their answers have begun.
#pragma once

#include <hal/async/timer.hpp>

#include <algorithm>
#include <cstdint>

namespace hal::transport {

/// A bucket that is full at first: each request that was seen to its end puts one back, and so does
/// the time. Not thread-safe.
class ResetBudget {
 public:
  ResetBudget(std::uint32_t burst, std::uint32_t per_second) noexcept
      : burst_{burst}, per_second_{per_second}, left_{burst} {}

  void request_done() noexcept { add(1); }

  /// False when nothing is left.
  [[nodiscard]] bool take(TimePoint now) noexcept {
    if (now - since_ >= std::chrono::seconds{1}) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(now - since_);
      since_ += seconds;
      const auto most = static_cast<std::uint64_t>(seconds.count());
      add(std::min<std::uint64_t>(most, burst_) * per_second_);
    }
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  void add(std::uint64_t more) noexcept { left_ = std::min(left_ + more, burst_); }

  std::uint64_t burst_;
  std::uint64_t per_second_;
  std::uint64_t left_;
  TimePoint since_{};
};

}  // namespace hal::transport
