// Traces of a mesh for tests: gateway -> api -> greeter, as Envoy's spans tell it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <hal/collector/span.hpp>

namespace hal::collector::testing {

enum class MeshTracer : std::uint8_t { kZipkin, kOpenTelemetry };

struct MeshRequest {
  std::uint32_t number = 1;  ///< makes ids, request id and time; one per 10 ms
  MeshTracer tracer = MeshTracer::kZipkin;
  bool own_spans = false;  ///< the applications make and export spans, too
  unsigned calls = 1;      ///< of api to greeter, at once
  unsigned attempts = 1;   ///< of api's sidecar, for each call
};

/// The trace of one request, whole. Spans are named by their place: "gateway", "gateway attempt",
/// "api in", "api server", "api client", "api out", "greeter in", "greeter server".
[[nodiscard]] Trace mesh_trace(const MeshRequest& request = {});

/// The first span of this name; it must be there.
[[nodiscard]] Span& span_at(Trace& trace, std::string_view name);

/// Takes the span of this name and all below it out of `trace`: a trace of its own, whose root it
/// is.
[[nodiscard]] Trace break_off(Trace& trace, std::string_view name);

/// Takes the span of this name out; its children lose their parent.
void remove_span(Trace& trace, std::string_view name);

/// For the span of this name and all below it.
void set_request_id(Trace& trace, std::string_view name, const std::string& id);

/// Later by so much.
void delay(Trace& trace, std::uint64_t microseconds);

}  // namespace hal::collector::testing
