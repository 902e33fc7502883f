// Zipkin v2 spans (openzipkin/zipkin-api zipkin2-api.yaml, zipkin.proto).
#pragma once

#include <string_view>
#include <vector>

#include <hal/base/status.hpp>
#include <hal/collector/decode_limits.hpp>
#include <hal/collector/span.hpp>

namespace hal::collector {

/// The spans of a JSON list, in order. Trace ids have 1 to 32 hexadecimal digits: 16 are the low
/// half of a trace id. Microseconds become nanoseconds; a span without a timestamp starts with its
/// first annotation. No kind is an internal span. localEndpoint.serviceName is the service, the
/// other parts of the endpoints become the attributes net.host.ip, net.host.port, peer.service,
/// net.peer.ip and net.peer.port, as in Jaeger. The tag `error`, unless "false", makes the span a
/// failed one, and its text the status message; otel.status_code, otel.status_description,
/// w3c.tracestate and span.kind, which exporters write for what Zipkin lacks, become fields again.
/// Annotations become events.
/// INVALID_ARGUMENT names span, field and rule, as in "$[3].traceId: ...", with line and column for
/// what is wrong as JSON. RESOURCE_EXHAUSTED above spans_max. Either all spans are taken or none.
/// Thread-safe.
[[nodiscard]] Result<std::vector<Span>> decode_zipkin_json(std::string_view body,
                                                           const DecodeLimits& limits = {});

/// The same of a ListOfSpans message, Zipkin's protobuf form.
[[nodiscard]] Result<std::vector<Span>> decode_zipkin_protobuf(std::string_view body,
                                                               const DecodeLimits& limits = {});

}  // namespace hal::collector
