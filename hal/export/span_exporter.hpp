// SpanExporter: sends one worker's finished spans to a collector, batch by batch.
#pragma once

#include <hal/async/wait_queue.hpp>
#include <hal/export/failure_log.hpp>
#include <hal/export/span_sender.hpp>
#include <hal/telemetry/id_generator.hpp>
#include <hal/telemetry/tracer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace hal::exporter {

struct SpanExporterOptions {
  /// Where the collector is, for the log.
  std::string endpoint{};
  /// Of one batch, its retries included (OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_BSP_EXPORT_TIMEOUT).
  Duration timeout = std::chrono::seconds{10};
  /// Before the second attempt, give or take a fifth; half as much more before each further one.
  /// Zero: a failed batch is not sent again.
  Duration retry_base = std::chrono::seconds{1};
  Duration retry_max = std::chrono::seconds{5};
  /// How long a collector that says when to come again (Retry-After, RetryInfo) is left alone at
  /// most: its clock may be wrong. Until then spans wait in the tracer's queue.
  Duration retry_after_max = std::chrono::minutes{10};
  /// How long a span waits for its batch to fill (OTEL_BSP_SCHEDULE_DELAY).
  Duration schedule_delay = std::chrono::seconds{5};
  /// How long flush() may take: less than what a supervisor waits before it kills.
  Duration flush_max = std::chrono::seconds{5};
  /// Between two log lines of one kind of failure.
  Duration log_interval = std::chrono::minutes{1};
};

/// One per worker, on the worker's loop: not thread-safe. Requests never wait for it: what the
/// collector does not take is dropped and counted, what cannot wait any longer is the tracer's to
/// drop. Must outlive its Tasks.
class SpanExporter {
 public:
  struct Counters {
    std::uint64_t batches_exported = 0;
    std::uint64_t batches_failed = 0;
    std::uint64_t spans_exported = 0;
    std::uint64_t spans_failed = 0;  ///< of failed batches, and rejected by the collector
  };

  SpanExporter(SpanExporterOptions options, std::shared_ptr<SpanSender> sender);
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;
  ~SpanExporter();

  /// Exports whenever a batch is full, and what is there after each schedule_delay, until it is
  /// stopped. For the worker's background scope. A stop leaves what is pending to flush(). Sends
  /// nothing before the time that the collector has asked for.
  Task<> run(telemetry::Tracer& tracer);

  /// Exports all that is pending now and waits for what run() is sending, for flush_max at most:
  /// once, whatever the collector has asked for, because there is no later time.
  /// An error says why spans were lost: that of the first failed batch, or DEADLINE_EXCEEDED. What
  /// is left then is dropped and counted.
  Task<Result<>> flush(telemetry::Tracer& tracer);

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

 private:
  /// Takes batches of `spans` spans in all, at most, and sends one after the other.
  Task<Result<>> export_spans(telemetry::Tracer* tracer, std::size_t spans);
  Task<Result<>> flush_pending(telemetry::Tracer* tracer);
  /// Waits until the collector wants to be asked again, or until a flush begins. An error: stopped.
  Task<Result<>> wait_for_turn();
  /// Sends a batch, and counts what became of it.
  Task<Result<>> deliver(telemetry::Tracer::Batch batch);
  /// Sends it, and again what may be taken later; the sender knows which.
  Task<Result<Delivery>> send_with_retries(const telemetry::Tracer::Batch* batch);
  Duration jittered(Duration delay) noexcept;
  Status lost(Failure kind, TimePoint now, std::size_t spans, Status why);
  void batch_ended() noexcept;

  const SpanExporterOptions options_;
  const std::shared_ptr<SpanSender> sender_;
  FailureLog log_;
  Counters counters_;
  telemetry::IdGenerator random_;
  bool flushing_ = false;  ///< the process ends: what fails now is not sent again
  WaitQueue flush_began_;
  TimePoint not_before_{};  ///< the collector's wish
  std::size_t in_flight_ = 0;
  WaitQueue in_flight_changed_;
};

}  // namespace hal::exporter
