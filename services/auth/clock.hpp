// The wall clock, which tests replace.
#pragma once

#include <hal/async/timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>

namespace auth {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// Thread-safe.
using WallClock = std::function<WallTime()>;

[[nodiscard]] inline WallTime system_wall_clock() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// For an AttemptLimit that outlives the process: it takes the times of any one clock.
[[nodiscard]] inline hal::TimePoint to_time_point(WallTime time) noexcept {
  return hal::TimePoint{time.time_since_epoch()};
}
[[nodiscard]] inline std::int64_t unix_ms(hal::TimePoint time) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

[[nodiscard]] inline std::int64_t unix_ms(WallTime time) noexcept {
  return time.time_since_epoch().count();
}

[[nodiscard]] inline std::chrono::sys_seconds to_seconds(WallTime time) noexcept {
  return std::chrono::floor<std::chrono::seconds>(time);
}

[[nodiscard]] inline std::int64_t unix_s(WallTime time) noexcept {
  return to_seconds(time).time_since_epoch().count();
}

}  // namespace auth
