// The OTLP request around a batch of spans.
#pragma once

#include <hal/telemetry/attribute.hpp>

#include <span>
#include <string>
#include <string_view>

namespace hal::telemetry {

/// Who sends: encoded once, used for every batch. Immutable: thread-safe.
class OtlpRequest {
 public:
  /// `resource` says at least service.name.
  explicit OtlpRequest(std::span<const Attribute> resource, std::string_view scope = "hal9000");

  /// An ExportTraceServiceRequest: the body of POST /v1/traces. `span_bytes` is what
  /// Tracer::take_batch gave, several appended if wanted.
  [[nodiscard]] std::string encode(std::string_view span_bytes) const;
  /// The one ResourceSpans inside it, without its tag and length.
  [[nodiscard]] std::string resource_spans(std::string_view span_bytes) const;

 private:
  /// Tag and length of ScopeSpans.
  [[nodiscard]] std::string scope_spans_head(std::size_t span_bytes) const;

  std::string resource_;  ///< the field `resource` of ResourceSpans
  std::string scope_;     ///< the field `scope` of ScopeSpans
};

}  // namespace hal::telemetry
