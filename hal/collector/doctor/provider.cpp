#include <hal/collector/doctor/provider.hpp>

#include <hal/telemetry/semconv.hpp>

namespace hal::collector::doctor {

std::string_view name(Provider provider) noexcept {
  return provider == Provider::kZipkin ? "zipkin" : "opentelemetry";
}

Provider provider_of(const Span& proxy) noexcept {
  const bool names_sdk =
      proxy.resource != nullptr &&
      find_attribute(proxy.resource->attributes, telemetry::semconv::kTelemetrySdkName) != nullptr;
  return names_sdk ? Provider::kOpenTelemetry : Provider::kZipkin;
}

}  // namespace hal::collector::doctor
