// A tracer whose clock stands still and whose ids repeat, and its spans in readable form.
#pragma once

#include <hal/telemetry/span.hpp>
#include <hal/telemetry/tracer.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hal::telemetry::testing {

/// Stands still until the test moves it. Starts at 1,700,000,000 s after the epoch.
class ManualClock final : public SpanClock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  [[nodiscard]] WallTime wall() const noexcept override { return wall_; }
  void advance(Duration duration) noexcept {
    now_ += duration;
    wall_ += duration;
  }
  /// A step of the wall clock alone.
  void step_wall(Duration duration) noexcept { wall_ += duration; }

 private:
  TimePoint now_{std::chrono::hours{1}};
  WallTime wall_{std::chrono::seconds{1'700'000'000}};
};

struct DecodedEvent {
  std::string name{};
  std::uint64_t time_ns = 0;
  std::map<std::string, std::string> attributes{};
};

/// Ids in lower-case hexadecimal; values as text: true, 200, 1.5, a list as "[a, b]".
struct DecodedSpan {
  std::string name{};
  Kind kind = Kind::kInternal;
  std::string trace_id{};
  std::string span_id{};
  std::string parent_id{};  ///< empty in a root
  std::string trace_state{};
  std::uint64_t start_ns = 0;  ///< since the epoch
  std::uint64_t end_ns = 0;
  std::map<std::string, std::string> attributes{};
  std::uint32_t attributes_dropped = 0;
  std::vector<DecodedEvent> events{};
  std::uint32_t events_dropped = 0;
  SpanStatus status = SpanStatus::kUnset;
  std::string status_message{};
  std::uint32_t flags = 0;
};

/// The spans of a whole ExportTraceServiceRequest, in its order. A broken one is a contract
/// failure.
[[nodiscard]] std::vector<DecodedSpan> decode_request(std::string_view request);
/// The spans of a batch's bytes.
[[nodiscard]] std::vector<DecodedSpan> decode_spans(std::string_view span_bytes);

/// Options for deterministic tests: `clock`, and a fixed seed.
[[nodiscard]] TracerOptions test_options(const ManualClock& clock, Mode mode = Mode::kFull);

/// Takes all pending batches of the tracer.
[[nodiscard]] std::vector<DecodedSpan> take_spans(Tracer& tracer);

/// The first span of this name; a contract failure if there is none.
[[nodiscard]] const DecodedSpan& find(const std::vector<DecodedSpan>& spans, std::string_view name);

}  // namespace hal::telemetry::testing
