#include <hal/export/otlp_exporter.hpp>

#include <hal/async/deadline.hpp>
#include <hal/base/ascii.hpp>
#include <hal/export/otlp_response.hpp>
#include <hal/service/layers/trace/trace.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace hal::exporter {
namespace {

using telemetry::Tracer;

Task<Result<>> wait_for_full_batch(Tracer* tracer) {
  while (!tracer->batch_is_full()) co_await or_return(co_await tracer->batch_full().wait());
  co_return Result<>{};
}

/// What stands inside the layers of an export request.
class Posting final : public service::Terminal {
 public:
  Posting(HttpPost& post, const std::string& url, std::string body)
      : post_{post}, url_{url}, body_{std::move(body)} {}
  Task<> run(service::Call& call) override {
    reply = co_await post_.post(url_, *call.request_headers, std::move(body_));
  }
  Result<HttpReply> reply{};

 private:
  HttpPost& post_;
  const std::string& url_;
  std::string body_;
};

bool is_success(int status) { return status >= 200 && status < 300; }

/// May the same batch be taken later? (opentelemetry-proto specification.md, "Failures")
bool may_retry(const Result<HttpReply>& reply) {
  if (!reply) return reply.error().code() == Code::kUnavailable;
  constexpr std::array<int, 4> kLater{429, 502, 503, 504};
  return std::ranges::find(kLater, reply->status) != kLater.end();
}

/// Retry-After in seconds (RFC 9110 10.2.3); its other form, a date, counts as absent.
std::optional<Duration> retry_after(const Result<HttpReply>& reply) {
  if (!reply) return std::nullopt;
  const auto text = reply->headers.get("retry-after");
  const auto seconds = text ? parse_int<std::uint16_t>(ascii_trim(*text)) : std::nullopt;
  return seconds ? std::optional<Duration>{std::chrono::seconds{*seconds}} : std::nullopt;
}

}  // namespace

OtlpExporter::OtlpExporter(OtlpOptions options, std::span<const telemetry::Attribute> resource,
                           std::shared_ptr<HttpPost> post)
    : options_{std::move(options)},
      request_{resource},
      layers_{std::make_shared<layers::UntracedCall>()},
      post_{std::move(post)},
      log_{options_.endpoint, options_.log_interval} {}

OtlpExporter::~OtlpExporter() = default;

Task<> OtlpExporter::run(Tracer& tracer) {
  // Not below a millisecond: a delay of zero would be a busy loop.
  const Duration delay = std::max<Duration>(options_.schedule_delay, std::chrono::milliseconds{1});
  while (co_await or_stopped()) {
    const bool full = (co_await timeout(delay, wait_for_full_batch(&tracer))).has_value();
    if (!co_await or_stopped()) break;
    if (full) {
      // What does not fill a batch stays for the next one, or for the timer.
      while (tracer.batch_is_full() && co_await or_stopped()) {
        (void)co_await deliver(tracer.take_batch());
      }
    } else {
      (void)co_await export_spans(&tracer, tracer.pending());
    }
  }
}

Task<Result<>> OtlpExporter::flush(Tracer& tracer) {
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

Task<Result<>> OtlpExporter::flush_pending(Tracer* tracer) {
  auto exported = co_await export_spans(tracer, tracer->pending());
  while (in_flight_ > 0) co_await or_return(co_await in_flight_changed_.wait());
  co_return exported;
}

Task<Result<>> OtlpExporter::export_spans(Tracer* tracer, std::size_t spans) {
  Result<> first{};
  while (spans > 0 && tracer->pending() > 0) {
    co_await or_return(co_await or_stopped());
    auto batch = tracer->take_batch();
    spans -= std::min(spans, batch.spans);
    auto delivered = co_await deliver(std::move(batch));
    if (first && !delivered) first = std::move(delivered);
  }
  co_return first;
}

Task<Result<>> OtlpExporter::deliver(Tracer::Batch batch) {
  ++in_flight_;
  const TimePoint now = (co_await this_context()).loop->now();
  const auto reply = co_await timeout(options_.timeout, send_with_retries(&batch));
  batch_ended();
  if (!reply || !is_success(reply->status)) {
    ++counters_.batches_failed;
    if (!reply) co_return error(lost(Failure::kNoAnswer, now, batch.spans, reply.error()));
    co_return error(
        lost(Failure::kRefused, now, batch.spans,
             {Code::kUnavailable, fmt::format("the collector answers {}", reply->status)}));
  }
  ++counters_.batches_exported;
  log_.succeeded();
  const PartialSuccess partial = parse_partial_success(reply->body);
  const auto rejected = std::min<std::size_t>(partial.rejected_spans, batch.spans);
  counters_.spans_exported += batch.spans - rejected;
  if (rejected == 0 && partial.message.empty()) co_return Result<>{};
  // Sent again it would be rejected again, and the spans that were taken would be doubled.
  Status why{Code::kInvalidArgument, "the collector says: " + partial.message};
  why = lost(Failure::kPartial, now, rejected, std::move(why));
  if (rejected > 0) co_return error(std::move(why));
  co_return Result<>{};
}

Task<Result<HttpReply>> OtlpExporter::send_with_retries(const Tracer::Batch* batch) {
  Duration backoff = options_.retry_base;
  for (;;) {
    auto reply = co_await send(batch);
    if (flushing_ || backoff == Duration::zero() || !may_retry(reply)) co_return reply;
    const Duration delay = retry_after(reply).value_or(jittered(backoff));
    const Context& context = co_await this_context();
    if (delay >= context.deadline - context.loop->now()) co_return reply;
    const auto waited = co_await timeout(delay, wait_on(flush_began_));
    if (!waited && waited.error().code() != Code::kDeadlineExceeded) co_return reply;
    backoff = std::min(backoff + backoff / 2, options_.retry_max);
  }
}

Duration OtlpExporter::jittered(Duration delay) noexcept {
  std::array<std::uint8_t, 1> random{};
  random_.fill(random);
  return delay * (800 + 400 * random[0] / 255) / 1000;
}

Task<Result<HttpReply>> OtlpExporter::send(const Tracer::Batch* batch) {
  Headers headers = options_.headers;
  headers.set("content-type", "application/x-protobuf");
  if (!headers.contains("user-agent")) headers.set("user-agent", "OTel-OTLP-Exporter-hal9000");
  service::Call call{.kind = service::Kind::kClient, .method = "POST", .request_headers = &headers};
  Posting posting{*post_, options_.endpoint, request_.encode(batch->span_bytes)};
  co_await service::Next{layers_, posting}(call);
  co_return std::move(posting.reply);
}

Status OtlpExporter::lost(Failure kind, TimePoint now, std::size_t spans, Status why) {
  counters_.spans_failed += spans;
  log_.failed(kind, now, spans, why.message());
  return why;
}

void OtlpExporter::batch_ended() noexcept {
  --in_flight_;
  in_flight_changed_.wake_all();
}

}  // namespace hal::exporter
