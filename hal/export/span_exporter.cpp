#include <hal/export/span_exporter.hpp>

#include <hal/async/deadline.hpp>

#include <algorithm>
#include <array>

namespace hal::exporter {
namespace {

using telemetry::Tracer;

Task<Result<>> wait_for_full_batch(Tracer* tracer) {
  while (!tracer->batch_is_full()) co_await or_return(co_await tracer->batch_full().wait());
  co_return Result<>{};
}

}  // namespace

SpanExporter::SpanExporter(SpanExporterOptions options, std::shared_ptr<SpanSender> sender)
    : options_{std::move(options)},
      sender_{std::move(sender)},
      log_{options_.endpoint, options_.log_interval} {}

SpanExporter::~SpanExporter() = default;

Task<> SpanExporter::run(Tracer& tracer) {
  // Not below a millisecond: a delay of zero would be a busy loop.
  const Duration delay = std::max<Duration>(options_.schedule_delay, std::chrono::milliseconds{1});
  while (co_await or_stopped()) {
    const bool full = (co_await timeout(delay, wait_for_full_batch(&tracer))).has_value();
    if (!co_await or_stopped()) break;
    if (full) {
      // What does not fill a batch stays for the next one, or for the timer.
      while (tracer.batch_is_full() && co_await wait_for_turn()) {
        if (!tracer.batch_is_full()) break;  // a flush has taken it

        (void)co_await deliver(tracer.take_batch());
      }
    } else {
      (void)co_await export_spans(&tracer, tracer.pending());
    }
  }
}

Task<Result<>> SpanExporter::flush(Tracer& tracer) {
  flushing_ = true;
  flush_began_.wake_all();
  const TimePoint now = (co_await this_context()).loop->now();
  auto flushed = co_await timeout(options_.flush_max, flush_pending(&tracer));
  if (tracer.pending() > 0) {
    std::size_t spans = 0;
    while (tracer.pending() > 0) {
      spans += tracer.take_batch().spans;
      ++counters_.batches_failed;
    }
    co_return error(lost(Failure::kNoAnswer, now, spans,
                         {Code::kDeadlineExceeded, "no time is left to send the last spans"}));
  }
  co_return flushed;
}

Task<Result<>> SpanExporter::flush_pending(Tracer* tracer) {
  auto exported = co_await export_spans(tracer, tracer->pending());
  while (in_flight_ > 0) co_await or_return(co_await in_flight_changed_.wait());
  co_return exported;
}

Task<Result<>> SpanExporter::export_spans(Tracer* tracer, std::size_t spans) {
  Result<> first{};
  while (spans > 0 && tracer->pending() > 0) {
    co_await or_return(co_await wait_for_turn());
    auto batch = tracer->take_batch();
    if (batch.spans == 0) break;  // a flush has taken all
    spans -= std::min(spans, batch.spans);
    auto delivered = co_await deliver(std::move(batch));
    if (first && !delivered) first = std::move(delivered);
  }
  co_return first;
}

Task<Result<>> SpanExporter::wait_for_turn() {
  const Loop& loop = *(co_await this_context()).loop;
  while (!flushing_ && loop.now() < not_before_) {
    (void)co_await with_deadline(not_before_, wait_on(flush_began_));
    co_await or_return(co_await or_stopped());
  }
  co_return co_await or_stopped();
}

Task<Result<>> SpanExporter::deliver(Tracer::Batch batch) {
  ++in_flight_;
  const TimePoint now = (co_await this_context()).loop->now();
  const auto delivery = co_await timeout(options_.timeout, send_with_retries(&batch));
  batch_ended();
  const Status& failure = delivery ? delivery->status : delivery.error();
  if (!failure.ok()) {
    ++counters_.batches_failed;
    const bool answered = delivery && delivery->answered;
    co_return error(
        lost(answered ? Failure::kRefused : Failure::kNoAnswer, now, batch.spans, failure));
  }
  ++counters_.batches_exported;
  log_.succeeded();
  const PartialSuccess& partial = delivery->partial;
  const auto rejected = std::min<std::size_t>(partial.rejected_spans, batch.spans);
  counters_.spans_exported += batch.spans - rejected;
  if (rejected == 0 && partial.message.empty()) co_return Result<>{};
  // Sent again it would be rejected again, and the spans that were taken would be doubled.
  Status why{Code::kInvalidArgument, "the collector says: " + partial.message};
  why = lost(Failure::kPartial, now, rejected, std::move(why));
  if (rejected > 0) co_return error(std::move(why));
  co_return Result<>{};
}

Task<Result<Delivery>> SpanExporter::send_with_retries(const Tracer::Batch* batch) {
  Duration backoff = options_.retry_base;
  for (;;) {
    auto delivery = co_await sender_->send(batch->span_bytes);
    if (!delivery.may_retry) co_return delivery;
    const Context& context = co_await this_context();
    const Duration wish =
        std::min(delivery.retry_after.value_or(Duration::zero()), options_.retry_after_max);
    not_before_ = std::max(not_before_, saturating_add(context.loop->now(), wish));
    if (flushing_ || backoff == Duration::zero()) co_return delivery;
    const Duration delay = std::max(wish, jittered(backoff));
    if (delay >= context.deadline - context.loop->now()) co_return delivery;
    const auto waited = co_await timeout(delay, wait_on(flush_began_));
    if (!waited && waited.error().code() != Code::kDeadlineExceeded) co_return delivery;
    backoff = std::min(backoff + backoff / 2, options_.retry_max);
  }
}

Duration SpanExporter::jittered(Duration delay) noexcept {
  std::array<std::uint8_t, 1> random{};
  random_.fill(random);
  return delay * (800 + 400 * random[0] / 255) / 1000;
}

Status SpanExporter::lost(Failure kind, TimePoint now, std::size_t spans, Status why) {
  counters_.spans_failed += spans;
  log_.failed(kind, now, spans, why.message());
  return why;
}

void SpanExporter::batch_ended() noexcept {
  --in_flight_;
  in_flight_changed_.wake_all();
}

}  // namespace hal::exporter
