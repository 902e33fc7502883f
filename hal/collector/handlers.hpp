// The collector's HTTP routes.
#pragma once

#include <hal/collector/store.hpp>
#include <hal/http/router.hpp>

namespace hal::collector {

/// POST /v1/traces: OTLP/HTTP protobuf (opentelemetry-proto specification.md, "OTLP/HTTP").
/// `store` must outlive the router.
[[nodiscard]] http::Router otlp_routes(Store& store);

/// POST /api/v2/spans: Zipkin v2, JSON or protobuf (openzipkin/zipkin-api zipkin2-api.yaml).
/// `store` must outlive the router.
[[nodiscard]] http::Router zipkin_routes(Store& store);

/// Jaeger's query API: GET /api/traces, /api/traces/:id, /api/services,
/// /api/services/:service/operations, /api/operations. `store` must outlive the router.
[[nodiscard]] http::Router query_routes(Store& store);

}  // namespace hal::collector
