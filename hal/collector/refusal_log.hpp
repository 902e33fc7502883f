// Log lines about refused requests: one per format and interval, not one per request.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <hal/async/timer.hpp>
#include <hal/collector/format.hpp>

namespace hal::collector {

/// Thread-safe.
class RefusalLog {
 public:
  explicit RefusalLog(Duration interval = std::chrono::minutes{1}) : interval_{interval} {}

  /// Writes a warning, or counts towards the next one of the format.
  void refused(Format format, TimePoint now, std::string_view why);

 private:
  struct Count {
    TimePoint next{};  ///< when the next line may be written
    std::uint64_t requests = 0;
  };

  const Duration interval_;
  std::mutex mutex_;
  std::array<Count, kFormatNames.size()> counts_{};
};

}  // namespace hal::collector
