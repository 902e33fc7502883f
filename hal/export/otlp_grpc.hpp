// OTLP over gRPC: TraceService/Export.
#pragma once

#include <hal/base/headers.hpp>
#include <hal/export/span_sender.hpp>
#include <hal/net/tls.hpp>
#include <hal/service/host.hpp>
#include <hal/telemetry/attribute.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace hal::exporter {

struct OtlpGrpcOptions {
  std::string host{};
  std::uint16_t port = 4317;
  /// Metadata of each call (OTEL_EXPORTER_OTLP_HEADERS).
  Headers headers{};
  /// Set: the collector is verified by these, under `host`. A mistake in it is an error of each
  /// attempt.
  std::optional<net::TlsClientOptions> tls{};
};

/// Connections of each worker of `process`, of which only network and workers are used. It must
/// outlive the sender, whose last owner lets go of it once the workers' background scopes have
/// ended. `resource` as of make_otlp_http_sender(). May be sent again: CANCELLED,
/// DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS, and RESOURCE_EXHAUSTED with a
/// RetryInfo; with any of them a RetryInfo says when (opentelemetry-proto specification.md,
/// "Failures" and "OTLP/gRPC Throttling").
[[nodiscard]] std::shared_ptr<SpanSender> make_otlp_grpc_sender(
    service::Host& process, OtlpGrpcOptions options,
    std::span<const telemetry::Attribute> resource);

}  // namespace hal::exporter
