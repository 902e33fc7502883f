#include <hal/telemetry/clock.hpp>

namespace hal::telemetry {
namespace {

class SystemClock final : public SpanClock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return Clock::now(); }
  [[nodiscard]] WallTime wall() const noexcept override { return std::chrono::system_clock::now(); }
};

constinit const SystemClock kSystemClock;

}  // namespace

const SpanClock& system_clock() noexcept { return kSystemClock; }

}  // namespace hal::telemetry
