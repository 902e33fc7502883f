#include <hal/telemetry/otlp_request.hpp>

#include <hal/telemetry/otlp_writer.hpp>
#include <hal/telemetry/tracer.hpp>

namespace hal::telemetry {

OtlpRequest::OtlpRequest(std::span<const Attribute> resource, std::string_view scope) {
  const std::size_t bytes_max = SpanLimits{}.value_bytes_max;
  {
    const otlp::Nested field{resource_, 1};
    for (const Attribute& attribute : resource) {
      otlp::append_attribute(resource_, 1, attribute.key, attribute.value, bytes_max);
    }
  }
  const otlp::Nested field{scope_, 1};
  otlp::append_text_field(scope_, 1, scope, otlp::kNameBytesMax);
}

// Lengths come before contents: from the innermost message outwards.

std::string OtlpRequest::scope_spans_head(std::size_t span_bytes) const {
  std::string head;
  otlp::append_tag(head, 2, otlp::Wire::kBytes);
  otlp::append_varint(head, scope_.size() + span_bytes);
  return head;
}

std::string OtlpRequest::encode(std::string_view span_bytes) const {
  const std::string head = scope_spans_head(span_bytes.size());
  const std::size_t size = resource_.size() + head.size() + scope_.size() + span_bytes.size();
  std::string request;
  request.reserve(size + 16);
  otlp::append_tag(request, 1, otlp::Wire::kBytes);
  otlp::append_varint(request, size);
  request.append(resource_).append(head).append(scope_).append(span_bytes);
  return request;
}

std::string OtlpRequest::resource_spans(std::string_view span_bytes) const {
  const std::string head = scope_spans_head(span_bytes.size());
  std::string message;
  message.reserve(resource_.size() + head.size() + scope_.size() + span_bytes.size());
  message.append(resource_).append(head).append(scope_).append(span_bytes);
  return message;
}

}  // namespace hal::telemetry
