#include <hal/collector/intake.hpp>

#include <hal/collector/otlp_decode.hpp>
#include <hal/collector/zipkin_decode.hpp>

namespace hal::collector {
namespace {

constexpr std::array<std::string_view, 3> kRefusals{"malformed", "too_large", "unsupported"};

std::size_t refusal_of(Code code) {
  if (code == Code::kResourceExhausted) return 1;
  return code == Code::kUnimplemented ? 2 : 0;
}

Result<std::vector<Span>> decode(Format format, std::string_view body) {
  switch (format) {
    case Format::kOtlpProtobuf:
    case Format::kOtlpGrpc:
      return decode_otlp_traces(body);
    case Format::kOtlpJson:
    case Format::kOtlpGrpcJson:
      return decode_otlp_traces_json(body);
    case Format::kZipkinJson:
      return decode_zipkin_json(body);
    case Format::kZipkinProtobuf:
      return decode_zipkin_protobuf(body);
  }
  return error(Code::kInternal, "no such format");
}

void gauge(telemetry::PrometheusText& text, std::string_view name, std::string_view help,
           std::size_t value) {
  text.family(name, "gauge", help);
  text.sample({}, std::uint64_t{value});
}

}  // namespace

Result<> Intake::take(Format format, std::string_view body) {
  auto spans = decode(format, body);
  if (!spans) {
    refuse(format, spans.error());
    return error(std::move(spans.error()));
  }
  of(format).requests.fetch_add(1, std::memory_order_relaxed);
  of(format).spans.fetch_add(spans->size(), std::memory_order_relaxed);
  store_.add(std::move(*spans));
  return {};
}

void Intake::refuse(Format format, const Status& reason) {
  of(format).refused[refusal_of(reason.code())].fetch_add(1, std::memory_order_relaxed);
  refusals_.refused(format, Clock::now(), reason.message());
}

void Intake::write(telemetry::PrometheusText& text) const {
  text.family("hal_collector_requests_total", "counter", "Requests whose spans were taken.");
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    text.sample({{"format", kFormatNames[i]}}, counts_[i].requests.load());
  }
  text.family("hal_collector_spans_received_total", "counter", "Spans that came in.");
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    text.sample({{"format", kFormatNames[i]}}, counts_[i].spans.load());
  }
  text.family("hal_collector_requests_refused_total", "counter",
              "Requests whose spans were not taken, by reason.");
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    for (std::size_t reason = 0; reason < kRefusals.size(); ++reason) {
      text.sample({{"format", kFormatNames[i]}, {"reason", kRefusals[reason]}},
                  counts_[i].refused[reason].load());
    }
  }
  const StoreStats stats = store_.stats();
  text.family("hal_collector_spans_dropped_total", "counter",
              "Spans that came in and are not, or no longer, kept, by reason.");
  text.sample({{"reason", "duplicate"}}, stats.spans_duplicate);
  text.sample({{"reason", "trace_too_large"}}, stats.spans_refused);
  text.sample({{"reason", "evicted"}}, stats.spans_evicted);
  gauge(text, "hal_collector_traces", "Traces kept.", stats.traces);
  gauge(text, "hal_collector_spans", "Spans kept.", stats.spans);
  gauge(text, "hal_collector_bytes", "Memory that the spans take, an estimate.", stats.bytes);
}

}  // namespace hal::collector
