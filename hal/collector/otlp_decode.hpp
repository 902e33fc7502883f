// OTLP requests into spans.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <hal/base/status.hpp>
#include <hal/collector/decode_limits.hpp>
#include <hal/collector/span.hpp>

namespace hal::collector {

/// The spans of an ExportTraceServiceRequest (opentelemetry-proto trace_service.proto), in order.
/// Spans of one ResourceSpans share their Resource, those of one ScopeSpans their Instrumentation;
/// arrays and maps become their JSON text. INVALID_ARGUMENT when the body is no such message or a
/// span breaks a rule of trace.proto (trace id 16 bytes, span id 8 bytes, neither all zero; parent
/// id 8 bytes or none): the message names the position, as in
/// "resource_spans[0].scope_spans[0].spans[3]: ...". RESOURCE_EXHAUSTED above spans_max. Either all
/// spans are taken or none. Thread-safe.
[[nodiscard]] Result<std::vector<Span>> decode_otlp_traces(std::string_view body,
                                                           const DecodeLimits& limits = {});

/// The same of the message in JSON (opentelemetry-proto specification.md, "JSON Protobuf
/// Encoding"): ids are hexadecimal, other bytes base64, 64-bit integers numbers or texts, enums
/// numbers or names. INVALID_ARGUMENT also for what is wrong as JSON: with path, line and column.
[[nodiscard]] Result<std::vector<Span>> decode_otlp_traces_json(std::string_view body,
                                                                const DecodeLimits& limits = {});

/// The body of a failed OTLP/HTTP request: a google.rpc.Status message
/// (opentelemetry-proto docs/specification.md, "Failures"). That of a full success is empty.
[[nodiscard]] std::string otlp_failure_body(const Status& status);
/// The same in JSON, where a full success is "{}".
[[nodiscard]] std::string otlp_failure_json(const Status& status);

}  // namespace hal::collector
