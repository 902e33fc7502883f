// Spans as others send them: 'p' OTLP, 'j' OTLP in JSON, 'P' Zipkin's protobuf, 'J' its JSON, 't'
// an answer of Jaeger's query API. Taken within the limits or refused; what is stored can be told.
#include "fuzz.hpp"

#include <hal/collector/jaeger_json.hpp>
#include <hal/collector/jaeger_json_reader.hpp>
#include <hal/collector/otlp_decode.hpp>
#include <hal/collector/store.hpp>
#include <hal/collector/zipkin_decode.hpp>

namespace {

namespace collector = hal::collector;
using Spans = hal::Result<std::vector<collector::Span>>;

constexpr collector::DecodeLimits kLimits{
    .spans_max = 8, .attributes_max = 4, .events_max = 2, .links_max = 2, .text_bytes_max = 64};

Spans decode(std::uint8_t format, std::string_view body) {
  switch (format) {
    case 'p':
      return collector::decode_otlp_traces(body, kLimits);
    case 'j':
      return collector::decode_otlp_traces_json(body, kLimits);
    case 'P':
      return collector::decode_zipkin_protobuf(body, kLimits);
    default:
      return collector::decode_zipkin_json(body, kLimits);
  }
}

void check(const std::vector<collector::Span>& spans) {
  hal::expects(spans.size() <= kLimits.spans_max, "spans are counted");
  for (const auto& span : spans) {
    hal::expects(span.trace_id.valid() && span.span_id.valid(), "a span has its ids");
    hal::expects(span.attributes.size() <= kLimits.attributes_max &&
                     span.events.size() <= kLimits.events_max &&
                     span.links.size() <= kLimits.links_max,
                 "what a span holds is counted");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view body = fuzz::text_of(data + 1, size - 1);
  if (data[0] == 't') {
    (void)collector::parse_names(body);
    (void)collector::parse_traces(body);
    return 0;
  }
  auto spans = decode(data[0], body);
  if (!spans) {
    hal::expects(!spans.error().message().empty(), "a refusal says why");
    return 0;
  }
  check(*spans);
  collector::Store store;
  store.add(std::move(*spans));
  const auto traces = store.recent(100);
  const auto again = collector::parse_traces(collector::traces_json(traces));
  hal::expects(again && again->size() == traces.size(), "what is told is read alike");
  return 0;
}
