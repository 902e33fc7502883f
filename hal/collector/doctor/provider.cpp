#include <hal/collector/doctor/provider.hpp>

#include <hal/collector/doctor/mesh.hpp>
#include <hal/telemetry/semconv.hpp>

namespace hal::collector::doctor {

std::string_view name(Provider provider) noexcept {
  switch (provider) {
    case Provider::kZipkin:
      return "zipkin";
    case Provider::kOpenTelemetry:
      return "opentelemetry";
    case Provider::kUnknown:
      break;
  }
  return "";
}

Provider provider_of(const Span& span) noexcept {
  if (!is_proxy(span)) return Provider::kUnknown;
  const bool names_sdk =
      span.resource != nullptr &&
      find_attribute(span.resource->attributes, telemetry::semconv::kTelemetrySdkName) != nullptr;
  return names_sdk ? Provider::kOpenTelemetry : Provider::kZipkin;
}

}  // namespace hal::collector::doctor
