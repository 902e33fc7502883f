// OTLP/HTTP protobuf bodies into spans.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <hal/base/status.hpp>
#include <hal/collector/span.hpp>

namespace hal::collector {

/// What one request may ask the collector to keep. The size of the body is the server's limit.
struct OtlpLimits {
  /// More is refused: exporters send batches of 512, and 64 MiB could hold 30 million empty spans.
  std::size_t spans_max = 100'000;
  /// More are dropped and counted in the span, as OpenTelemetry's SDKs do (they keep 128).
  std::size_t attributes_max = 256;
  std::size_t events_max = 256;
  std::size_t links_max = 256;
  /// Longer texts are cut at a character's end and counted in Span::truncated_values.
  std::size_t text_bytes_max = 32 * 1024;
};

/// The spans of an ExportTraceServiceRequest (opentelemetry-proto trace_service.proto), in order.
/// Spans of one ResourceSpans share their Resource; the instrumentation scope becomes the
/// attributes otel.scope.name and otel.scope.version; arrays and maps become their JSON text.
/// INVALID_ARGUMENT when the body is no such message or a span breaks a rule of trace.proto (trace
/// id 16 bytes, span id 8 bytes, neither all zero; parent id 8 bytes or none):
/// the message names the position, as in "resource_spans[0].scope_spans[0].spans[3]: ...".
/// RESOURCE_EXHAUSTED above spans_max. Either all spans are taken or none. Thread-safe.
[[nodiscard]] Result<std::vector<Span>> decode_otlp_traces(std::string_view body,
                                                           const OtlpLimits& limits = {});

/// The body of a failed OTLP/HTTP request: a google.rpc.Status message
/// (opentelemetry-proto docs/specification.md, "Failures"). That of a full success is empty.
[[nodiscard]] std::string otlp_failure_body(const Status& status);

}  // namespace hal::collector
