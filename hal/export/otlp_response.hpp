// OTLP's answer to a batch that was taken.
#pragma once

#include <hal/export/span_sender.hpp>

#include <string_view>

namespace hal::internal::otlp {
class ExportTraceServiceResponse;
}  // namespace hal::internal::otlp

namespace hal::exporter {

[[nodiscard]] PartialSuccess partial_success_of(
    const internal::otlp::ExportTraceServiceResponse& response);

/// From the body of a 2xx answer, an ExportTraceServiceResponse. Empty for an empty body, and for
/// one that cannot be read: the status has said that the spans were taken.
[[nodiscard]] PartialSuccess parse_partial_success(std::string_view body);

}  // namespace hal::exporter
