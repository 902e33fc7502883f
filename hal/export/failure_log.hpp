// Log lines about lost spans: one per kind of failure and interval, not one per batch.
#pragma once

#include <hal/async/timer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hal::exporter {

enum class Failure : std::uint8_t {
  kNoAnswer,  ///< no connection, or no answer in time
  kRefused,   ///< an answer other than 2xx
  kPartial,   ///< the collector took the batch but not all of its spans
};

/// One worker's: not thread-safe.
class FailureLog {
 public:
  /// `where` is the collector's URL; it must outlive this object.
  FailureLog(std::string_view where, Duration interval) : where_{where}, interval_{interval} {}

  /// Writes a warning, or counts towards the next one of its kind.
  void failed(Failure kind, TimePoint now, std::size_t spans, std::string_view why);
  /// A batch was taken: says so once if the last one was lost.
  void succeeded();

 private:
  struct Kind {
    TimePoint next{};  ///< when the next line may be written
    std::uint64_t batches = 0;
    std::uint64_t spans = 0;
  };
  const std::string_view where_;
  const Duration interval_;
  std::array<Kind, 3> kinds_{};
  bool failing_ = false;
};

}  // namespace hal::exporter
