// OTLP over gRPC: TraceService/Export.
#pragma once

#include <hal/export/span_sender.hpp>
#include <hal/service/host.hpp>
#include <hal/telemetry/attribute.hpp>

#include <memory>
#include <span>
#include <string>

namespace hal::exporter {

/// Calls `address`, "collector:4317", without TLS, on connections of each worker of `host`, of
/// which only network and workers are used; it must outlive the sender, whose last owner lets go
/// of it while the workers run. `headers` are metadata (OTEL_EXPORTER_OTLP_HEADERS). `resource` as
/// of make_otlp_http_sender(). May be sent again: CANCELLED, DEADLINE_EXCEEDED, ABORTED,
/// OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS (opentelemetry-proto specification.md, "Failures").
[[nodiscard]] std::shared_ptr<SpanSender> make_otlp_grpc_sender(
    service::Host& host, std::string address, Headers headers,
    std::span<const telemetry::Attribute> resource);

}  // namespace hal::exporter
