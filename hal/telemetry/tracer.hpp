// Tracer: makes ids, decides about sampling and keeps finished spans until the exporter comes.
#pragma once

#include <hal/async/wait_queue.hpp>
#include <hal/telemetry/clock.hpp>
#include <hal/telemetry/id_generator.hpp>
#include <hal/telemetry/mode.hpp>
#include <hal/telemetry/sampler.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hal::wire {
enum class RejectReason : std::uint8_t;
}  // namespace hal::wire

namespace hal::telemetry {

/// The spans of one trace that one worker records under one entry (a server span, a job's root).
/// They stay together: either all of them are exported or, when the queue is full (by number or by
/// bytes), none.
struct LocalTrace;

/// What one span may hold (OTEL_SPAN_*_LIMIT, OTEL_ATTRIBUTE_*_LIMIT). What is over a
/// limit is left out, and counted in the span.
struct SpanLimits {
  std::size_t attributes_max = 128;
  std::size_t events_max = 128;
  std::size_t event_attributes_max = 128;   ///< of each event
  std::size_t value_bytes_max = 16 * 1024;  ///< of a text that is a value, cut between characters
};

struct TracerOptions {
  Mode mode = Mode::kFull;
  Sampler sampler{};
  SpanLimits limits{};
  /// Finished spans waiting for the exporter, or for the end of their local trace
  /// (OTEL_BSP_MAX_QUEUE_SIZE; OpenTelemetry's 2,048 last 40 ms under load).
  std::size_t queue_spans_max = 32'768;
  /// What these spans may take together: attributes are as long as clients make them. Spans that
  /// come when this is reached are dropped, so that one span may pass it (HAL_TRACE_QUEUE_BYTES).
  std::size_t queue_bytes_max = 32 * 1024 * 1024;
  std::size_t batch_spans = 512;  ///< OTEL_BSP_MAX_EXPORT_BATCH_SIZE
  std::size_t batch_bytes_max = 4 * 1024 * 1024;
  const SpanClock* clock = nullptr;     ///< null: system_clock(). Must outlive the tracer
  std::optional<std::uint64_t> seed{};  ///< of the ids, for tests; unset: from the operating system
};

/// One per worker, reached through Context::tracer: not thread-safe and without a lock. Must
/// outlive the spans it records. What it does depends on the mode: spans are recorded in kFull
/// only, and only if sampled.
class Tracer {
 public:
  /// Finished spans: each is a field `spans` of OTLP's ScopeSpans (tag, length, bytes), so that
  /// batches can be put together by appending; otlp_request.hpp makes the request around them.
  struct Batch {
    std::string span_bytes{};
    std::size_t spans = 0;
  };
  struct Counters {
    std::uint64_t spans_recorded = 0;          ///< handed to the queue
    std::uint64_t spans_dropped = 0;           ///< the queue was full
    std::uint64_t traces_dropped = 0;          ///< local traces with at least one dropped span
    std::array<std::uint64_t, 16> restarts{};  ///< by wire::RejectReason
  };

  explicit Tracer(TracerOptions options = {});
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer();

  [[nodiscard]] Mode mode() const noexcept { return options_.mode; }
  [[nodiscard]] const TracerOptions& options() const noexcept { return options_; }
  /// For the spans that begin from now on.
  void set_sampler(const Sampler& sampler) noexcept { options_.sampler = sampler; }
  [[nodiscard]] const SpanClock& clock() const noexcept { return *options_.clock; }
  /// For ids outside spans: x-request-id, the guard of the kit's own calls.
  [[nodiscard]] IdGenerator& ids() noexcept { return ids_; }

  /// The oldest batch, of batch_spans spans or a few more, because local traces are not cut; fewer
  /// when no more are there; none: spans is 0. The caller owns it, the tracer forgets it.
  [[nodiscard]] Batch take_batch();
  /// Spans that take_batch would give, all calls together.
  [[nodiscard]] std::size_t pending() const noexcept { return queued_; }
  /// A batch is full: the exporter need not wait for its timer.
  [[nodiscard]] bool batch_is_full() const noexcept { return !full_.empty(); }
  /// Woken when a batch becomes full. Check batch_is_full() before waiting.
  [[nodiscard]] WaitQueue& batch_full() noexcept { return batch_full_; }

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// A malformed inbound context was not believed.
  void count_restart(wire::RejectReason reason) noexcept;

 private:
  friend class RecordedSpan;

  LocalTrace& begin_local_trace(const TraceId& trace_id);
  LocalTrace* find_local_trace(const TraceId& trace_id) noexcept;
  /// Where a finished span is to be appended, before span_written(); null: it is dropped.
  std::string* accept_span(LocalTrace& trace);
  void span_written(LocalTrace& trace);
  /// The entry has ended: what is there goes to the queue.
  void end_local_trace(LocalTrace& trace);
  void release(LocalTrace& trace);
  void flush(LocalTrace& trace);
  void drop(LocalTrace& trace);
  std::string take_buffer();
  void give_back(std::string buffer);

  TracerOptions options_;
  IdGenerator ids_;
  Counters counters_;
  std::deque<Batch> full_;
  Batch open_;
  std::size_t queued_ = 0;  ///< spans in full_ and open_
  std::size_t held_ = 0;    ///< finished spans in local traces that have not ended
  std::size_t bytes_ = 0;   ///< of both, without the span that is being written
  std::size_t live_ = 0;    ///< local traces in use
  std::size_t last_batch_bytes_ = 0;
  /// Open local traces, hashed by trace id: how spawned work finds the one it belongs to.
  std::array<LocalTrace*, 1024> open_traces_{};
  std::vector<std::unique_ptr<LocalTrace>> spare_traces_;
  std::vector<std::string> spare_buffers_;
  WaitQueue batch_full_;
};

}  // namespace hal::telemetry
