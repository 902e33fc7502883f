#include <hal/export/otlp_http.hpp>

#include <hal/export/guarded_post.hpp>
#include <hal/export/otlp_response.hpp>
#include <hal/telemetry/otlp_request.hpp>

namespace hal::exporter {
namespace {

Headers with_own_headers(Headers headers) {
  headers.set("content-type", "application/x-protobuf");
  if (!headers.contains("user-agent")) headers.set("user-agent", "OTel-OTLP-Exporter-hal9000");
  return headers;
}

class OtlpHttpSender final : public SpanSender {
 public:
  OtlpHttpSender(std::string endpoint, Headers headers,
                 std::span<const telemetry::Attribute> resource, std::shared_ptr<HttpPost> post)
      : request_{resource},
        post_{std::move(post), std::move(endpoint), with_own_headers(std::move(headers))} {}

  Task<Delivery> send(const std::string& spans) override {
    auto outcome = co_await post_.send(request_.encode(spans));
    if (outcome.delivery.status.ok()) {
      outcome.delivery.partial = parse_partial_success(outcome.body);
    }
    co_return std::move(outcome.delivery);
  }

 private:
  const telemetry::OtlpRequest request_;
  const GuardedPost post_;
};

}  // namespace

std::shared_ptr<SpanSender> make_otlp_http_sender(std::string endpoint, Headers headers,
                                                  std::span<const telemetry::Attribute> resource,
                                                  std::shared_ptr<HttpPost> post) {
  return std::make_shared<OtlpHttpSender>(std::move(endpoint), std::move(headers), resource,
                                          std::move(post));
}

}  // namespace hal::exporter
