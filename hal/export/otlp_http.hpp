// OTLP over HTTP with protobuf: POST /v1/traces.
#pragma once

#include <hal/export/http_post.hpp>
#include <hal/export/span_sender.hpp>
#include <hal/telemetry/attribute.hpp>

#include <memory>
#include <span>
#include <string>

namespace hal::exporter {

/// `endpoint`: the full URL, "http://127.0.0.1:4318/v1/traces". `headers`: beside content-type and
/// user-agent (OTEL_EXPORTER_OTLP_HEADERS). `resource` describes the process, at least by
/// service.name; it is copied.
[[nodiscard]] std::shared_ptr<SpanSender> make_otlp_http_sender(
    std::string endpoint, Headers headers, std::span<const telemetry::Attribute> resource,
    std::shared_ptr<HttpPost> post);

}  // namespace hal::exporter
