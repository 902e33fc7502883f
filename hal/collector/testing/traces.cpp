#include <hal/collector/testing/traces.hpp>

namespace hal::collector::testing {

Span make_span(const SpanSpec& spec, std::string_view trace_id) {
  const auto start_ns = kTraceStartNs + spec.start_us * 1000;
  Span span{.trace_id = TraceId::from_hex(trace_id).value(),
            .span_id = SpanId::from_hex(spec.id).value(),
            .name = spec.name,
            .kind = spec.kind,
            .start_unix_ns = start_ns,
            .end_unix_ns = start_ns + spec.duration_us * 1000,
            .resource = std::make_shared<Resource>(spec.service)};
  if (!spec.parent.empty()) span.parent_id = SpanId::from_hex(spec.parent).value();
  if (!spec.error.empty()) {
    span.status = SpanStatus::kError;
    span.status_message = spec.error;
  }
  return span;
}

Trace make_trace(const std::vector<SpanSpec>& specs, std::string_view trace_id) {
  Trace trace{.id = TraceId::from_hex(trace_id).value()};
  for (const SpanSpec& spec : specs) trace.spans.push_back(make_span(spec, trace_id));
  return trace;
}

Trace hello_trace(std::string_view trace_id) {
  const std::string call = "greeter.GreeterService/SayHello";
  return make_trace({{.id = "a1",
                      .name = "GET /api/v1/hello/:id",
                      .kind = SpanKind::kServer,
                      .duration_us = 2413},
                     {.id = "a2",
                      .parent = "a1",
                      .name = call,
                      .kind = SpanKind::kClient,
                      .start_us = 210,
                      .duration_us = 1990},
                     {.id = "b1",
                      .parent = "a2",
                      .service = "hal9000-greeter",
                      .name = call,
                      .kind = SpanKind::kServer,
                      .start_us = 900,
                      .duration_us = 410}},
                    trace_id);
}

}  // namespace hal::collector::testing
