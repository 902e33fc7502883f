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
  otlp::append_text_field(scope_, 1, scope, bytes_max);
}

std::string OtlpRequest::encode(std::string_view span_bytes) const {
  // Lengths come before contents: from the innermost message outwards.
  std::string scope_spans_head;
  otlp::append_tag(scope_spans_head, 2, otlp::Wire::kBytes);
  otlp::append_varint(scope_spans_head, scope_.size() + span_bytes.size());
  const std::size_t resource_spans =
      resource_.size() + scope_spans_head.size() + scope_.size() + span_bytes.size();

  std::string request;
  request.reserve(resource_spans + 16);
  otlp::append_tag(request, 1, otlp::Wire::kBytes);
  otlp::append_varint(request, resource_spans);
  request.append(resource_).append(scope_spans_head).append(scope_).append(span_bytes);
  return request;
}

}  // namespace hal::telemetry
