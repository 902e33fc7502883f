// The time of spans. An interface, so that tests say what time it is.
#pragma once

#include <hal/async/timer.hpp>

#include <chrono>

namespace hal::telemetry {

class SpanClock {
 public:
  using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

  virtual ~SpanClock() = default;
  /// Monotonic; read at the start and the end of each span.
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;
  /// Read once per local trace, so that a step of the wall clock never tears a trace.
  [[nodiscard]] virtual WallTime wall() const noexcept = 0;
};

/// The machine's clocks. Thread-safe.
[[nodiscard]] const SpanClock& system_clock() noexcept;

}  // namespace hal::telemetry
