// Intake: from the body of a request to spans in the store, counted, whatever the format.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include <hal/base/status.hpp>
#include <hal/collector/format.hpp>
#include <hal/collector/refusal_log.hpp>
#include <hal/collector/store.hpp>
#include <hal/telemetry/prometheus.hpp>

namespace hal::collector {

/// Thread-safe. The store must outlive it.
class Intake {
 public:
  explicit Intake(Store& store) noexcept : store_{store} {}

  /// Stores the spans of `body`, or counts and logs (see RefusalLog) why not: the decoder's
  /// INVALID_ARGUMENT or RESOURCE_EXHAUSTED.
  [[nodiscard]] Result<> take(Format format, std::string_view body);
  /// Counts and logs a request whose body nobody decodes. UNIMPLEMENTED: its type or coding is
  /// unknown; INVALID_ARGUMENT, RESOURCE_EXHAUSTED: as take().
  void refuse(Format format, const Status& reason);

  /// Requests and spans by format and outcome, and what the store holds and has dropped.
  void write(telemetry::PrometheusText& text) const;

 private:
  struct Counts {
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> spans = 0;
    std::array<std::atomic<std::uint64_t>, 3> refused{};
  };
  Counts& of(Format format) noexcept { return counts_[static_cast<std::size_t>(format)]; }

  Store& store_;
  std::array<Counts, kFormatNames.size()> counts_{};
  RefusalLog refusals_;
};

}  // namespace hal::collector
