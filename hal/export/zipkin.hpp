// Zipkin v2: POST /api/v2/spans with JSON.
#pragma once

#include <hal/export/http_post.hpp>
#include <hal/export/span_sender.hpp>
#include <hal/telemetry/attribute.hpp>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hal::exporter {

/// `endpoint`: the full URL, "http://zipkin:9411/api/v2/spans". `resource` as of
/// make_otlp_http_sender(). Zipkin answers 202; any 2xx counts.
[[nodiscard]] std::shared_ptr<SpanSender> make_zipkin_sender(
    std::string endpoint, std::span<const telemetry::Attribute> resource,
    std::shared_ptr<HttpPost> post);

/// Writes batches as Zipkin's JSON list (OpenTelemetry's zipkin.md): service.name is the local
/// service and the other attributes of the resource are tags, but for those of the SDK; attributes
/// are tags, events annotations; an INTERNAL span has no kind; a failed span has the tag `error`,
/// be it empty; names and services in lower case, as Zipkin has them; whole microseconds, at least
/// one. Immutable: thread-safe.
class ZipkinJson {
 public:
  explicit ZipkinJson(std::span<const telemetry::Attribute> resource);
  /// `spans` is what Tracer::take_batch gave; bytes that are none are a contract failure.
  [[nodiscard]] std::string encode(std::string_view spans) const;

 private:
  std::string service_;
  std::map<std::string, std::string> tags_;
};

}  // namespace hal::exporter
