// The state that the spans of one local trace share. Internal to telemetry.
#pragma once

#include <hal/base/trace_context.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace hal::telemetry {

/// Lives as long as a RecordedSpan refers to it; the tracer uses it again afterwards.
struct LocalTrace {
  TraceId id{};
  std::int64_t wall_offset_ns = 0;  ///< wall clock minus monotonic clock at its begin
  std::string bytes{};              ///< finished spans, not yet in the queue
  std::size_t spans = 0;            ///< in `bytes`
  std::size_t references = 0;
  bool ended = false;          ///< its entry has ended: further spans are late
  bool dropped = false;        ///< a span of it found the queue full
  LocalTrace* next = nullptr;  ///< in the tracer's hash chain, until it has ended
};

}  // namespace hal::telemetry
