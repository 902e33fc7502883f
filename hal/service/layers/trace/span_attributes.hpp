// What a call's span says, by OpenTelemetry's semantic conventions.
#pragma once

#include <hal/service/call.hpp>
#include <hal/telemetry/span.hpp>

#include <string>

namespace hal::layers {

/// "GET /api/v1/hello/:id", "GET" without a route, "HTTP" for an unknown method; gRPC: the full
/// method name (http/http-spans.md, rpc/rpc-spans.md). A view into the call or `buffer`.
[[nodiscard]] std::string_view span_name(const service::Call& call, std::string& buffer);

/// Sets what is known before the call runs.
void describe_request(const service::Call& call, telemetry::RecordedSpan& span);
/// Sets the outcome, and the span's status by the rules of each side.
void describe_outcome(const service::Call& call, telemetry::RecordedSpan& span);
/// The body of a response has broken off: after describe_outcome.
void describe_broken_body(const Status& why, telemetry::RecordedSpan& span);

}  // namespace hal::layers
