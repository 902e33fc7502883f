// OTLP's answers: to a batch that was taken, and to one that was not.
#pragma once

#include <hal/export/span_sender.hpp>

#include <optional>
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

/// When the collector wants to be asked again, at most in a day: the RetryInfo in a
/// google.rpc.Status, which is what gRPC calls a status's details. Unset without one, and for bytes
/// that are no such message.
[[nodiscard]] std::optional<Duration> retry_delay_of(std::string_view status_details);

}  // namespace hal::exporter
