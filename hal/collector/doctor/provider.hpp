// Which tracer an Envoy has: it decides what headers a sidecar reads.
#pragma once

#include <cstdint>
#include <string_view>

#include <hal/collector/span.hpp>

namespace hal::collector::doctor {

/// As Istio's MeshConfig names them (extensionProviders).
enum class Provider : std::uint8_t { kZipkin, kOpenTelemetry };

/// "zipkin", "opentelemetry". Static storage.
[[nodiscard]] std::string_view name(Provider provider) noexcept;

/// Of a proxy's span: Envoy's OpenTelemetry tracer names itself in the resource, its Zipkin tracer
/// has no resource. Others that Istio knows (Datadog, SkyWalking) report elsewhere.
[[nodiscard]] Provider provider_of(const Span& proxy) noexcept;

}  // namespace hal::collector::doctor
