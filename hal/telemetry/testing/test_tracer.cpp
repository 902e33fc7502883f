#include <hal/telemetry/testing/test_tracer.hpp>

#include <hal/base/hex.hpp>
#include <hal/telemetry/otlp_request.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <hal/internal/otlp.pb.h>

namespace hal::telemetry::testing {
namespace {

namespace pb = hal::internal::otlp;

std::string hex(const std::string& bytes) {
  return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string text(const pb::AnyValue& value) {
  switch (value.value_case()) {
    case pb::AnyValue::kStringValue:
      return value.string_value();
    case pb::AnyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case pb::AnyValue::kIntValue:
      return fmt::to_string(value.int_value());
    case pb::AnyValue::kDoubleValue:
      return fmt::to_string(value.double_value());
    case pb::AnyValue::kArrayValue: {
      std::vector<std::string> items;
      for (const auto& item : value.array_value().values()) items.push_back(text(item));
      return fmt::format("[{}]", fmt::join(items, ", "));
    }
    default:
      return "?";
  }
}

template <class Pairs>
std::map<std::string, std::string> attributes(const Pairs& pairs) {
  std::map<std::string, std::string> result;
  for (const auto& pair : pairs) {
    expects(result.emplace(pair.key(), text(pair.value())).second, "attribute keys are unique");
  }
  return result;
}

DecodedSpan decode(const pb::Span& span) {
  DecodedSpan decoded{
      .name = span.name(),
      .kind = static_cast<Kind>(span.kind()),
      .trace_id = hex(span.trace_id()),
      .span_id = hex(span.span_id()),
      .parent_id = hex(span.parent_span_id()),
      .trace_state = span.trace_state(),
      .start_ns = span.start_time_unix_nano(),
      .end_ns = span.end_time_unix_nano(),
      .attributes = attributes(span.attributes()),
      .attributes_dropped = span.dropped_attributes_count(),
      .events_dropped = span.dropped_events_count(),
      .status = static_cast<SpanStatus>(span.status().code()),
      .status_message = span.status().message(),
      .flags = span.flags(),
  };
  for (const auto& event : span.events()) {
    decoded.events.push_back({.name = event.name(),
                              .time_ns = event.time_unix_nano(),
                              .attributes = attributes(event.attributes())});
  }
  return decoded;
}

}  // namespace

std::vector<DecodedSpan> decode_request(std::string_view request) {
  pb::ExportTraceServiceRequest message;
  expects(message.ParseFromArray(request.data(), static_cast<int>(request.size())),
          "the bytes are an ExportTraceServiceRequest");
  std::vector<DecodedSpan> spans;
  for (const auto& resource : message.resource_spans()) {
    for (const auto& scope : resource.scope_spans()) {
      for (const auto& span : scope.spans()) spans.push_back(decode(span));
    }
  }
  return spans;
}

std::vector<DecodedSpan> decode_spans(std::string_view span_bytes) {
  return decode_request(OtlpRequest{{}}.encode(span_bytes));
}

TracerOptions test_options(const ManualClock& clock, Mode mode) {
  return {.mode = mode, .clock = &clock, .seed = 9000};
}

std::vector<DecodedSpan> take_spans(Tracer& tracer) {
  std::string bytes;
  while (tracer.pending() > 0) bytes += tracer.take_batch().span_bytes;
  return decode_spans(bytes);
}

const DecodedSpan& find(const std::vector<DecodedSpan>& spans, std::string_view name) {
  const auto found = std::ranges::find(spans, name, &DecodedSpan::name);
  expects(found != spans.end(), "a span of this name was recorded");
  return *found;
}

}  // namespace hal::telemetry::testing
