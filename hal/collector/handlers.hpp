// The collector's HTTP routes.
#pragma once

#include <hal/collector/intake.hpp>
#include <hal/collector/store.hpp>
#include <hal/http/router.hpp>

namespace hal::collector {

/// OTLP's exporters send at most so much in one request (opentelemetry-proto specification.md);
/// also the limit of what comes out of a gzip body.
inline constexpr std::size_t kSpansBodyMax = std::size_t{64} * 1024 * 1024;

/// POST /v1/traces: OTLP/HTTP, protobuf or JSON (opentelemetry-proto specification.md,
/// "OTLP/HTTP"). `intake` must outlive the router.
[[nodiscard]] http::Router otlp_routes(Intake& intake);

/// POST /api/v2/spans: Zipkin v2, JSON or protobuf (openzipkin/zipkin-api zipkin2-api.yaml).
/// `intake` must outlive the router.
[[nodiscard]] http::Router zipkin_routes(Intake& intake);

/// Jaeger's query API: GET /api/traces, /api/traces/:id, /api/services,
/// /api/services/:service/operations, /api/operations. `store` must outlive the router.
[[nodiscard]] http::Router query_routes(Store& store);

}  // namespace hal::collector
