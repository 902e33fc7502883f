// Which tracer an Envoy has: it decides what headers a sidecar reads.
#pragma once

#include <cstdint>
#include <string_view>

#include <hal/collector/span.hpp>

namespace hal::collector::doctor {

/// As Istio's MeshConfig names them (extensionProviders).
enum class Provider : std::uint8_t { kUnknown, kZipkin, kOpenTelemetry };

/// "zipkin", "opentelemetry"; empty for kUnknown. Static storage.
[[nodiscard]] std::string_view name(Provider provider) noexcept;

/// Of a proxy's span: Envoy's OpenTelemetry tracer names itself in the resource, its Zipkin tracer
/// has none. kUnknown for an application's span.
[[nodiscard]] Provider provider_of(const Span& span) noexcept;

}  // namespace hal::collector::doctor
