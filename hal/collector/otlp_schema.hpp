// OTLP's trace messages as JSON has them.
#pragma once

#include <hal/collector/json_to_protobuf.hpp>

namespace hal::collector {

/// An ExportTraceServiceRequest (opentelemetry-proto specification.md, "JSON Protobuf Encoding"):
/// names in lowerCamelCase, trace and span ids hexadecimal, other bytes base64. What the decoder
/// does not read is left out.
[[nodiscard]] const JsonField& otlp_request_schema() noexcept;

}  // namespace hal::collector
