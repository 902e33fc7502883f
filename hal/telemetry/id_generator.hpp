// Random ids. One generator per worker, so that making an id takes no lock and no system call.
#pragma once

#include <hal/base/trace_context.hpp>

#include <array>
#include <cstdint>
#include <span>

namespace hal::telemetry {

/// xoshiro256++ (Blackman and Vigna). Not for secrets. Not thread-safe.
class IdGenerator {
 public:
  /// Seeded by the operating system.
  IdGenerator();
  /// The same seed gives the same ids.
  explicit IdGenerator(std::uint64_t seed) noexcept;

  [[nodiscard]] TraceId trace_id() noexcept;  ///< valid, all 128 bits random
  [[nodiscard]] SpanId span_id() noexcept;    ///< valid
  /// Random bytes, for a request id or a jitter.
  void fill(std::span<std::uint8_t> bytes) noexcept;

 private:
  std::uint64_t next() noexcept;
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace hal::telemetry
