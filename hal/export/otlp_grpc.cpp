#include <hal/export/otlp_grpc.hpp>

#include <hal/export/otlp_response.hpp>
#include <hal/rpc/channel.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/telemetry/otlp_request.hpp>

#include <hal/internal/otlp.pb.h>

namespace hal::exporter {
namespace {

constexpr std::string_view kPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The one address there is.
class OneNode final : public service::Discovery {
 public:
  explicit OneNode(std::string address) : address_{std::move(address)} {}

  Task<Result<std::vector<service::Node>>> resolve(std::string service) override {
    std::vector<service::Node> nodes(1);
    nodes.front().id = address_;
    nodes.front().address = address_;
    nodes.front().service = std::move(service);
    co_return nodes;
  }
  Task<Result<std::vector<service::Node>>> list() override { return resolve(address_); }
  Task<Result<>> add(service::Node) override { co_return Result<>{}; }
  Task<Result<>> remove(std::string) override { co_return Result<>{}; }
  [[nodiscard]] std::string_view name() const noexcept override { return "collector"; }

 private:
  const std::string address_;
};

/// The process as the channel sees it: another registry, and calls that are part of no trace.
class CollectorHost final : public service::Host {
 public:
  CollectorHost(service::Host& host, std::string address)
      : host_{host}, node_{std::move(address)}, layers_{std::make_shared<layers::UntracedCall>()} {}

  [[nodiscard]] net::Network& network() noexcept override { return host_.network(); }
  [[nodiscard]] service::Discovery& discovery() noexcept override { return node_; }
  [[nodiscard]] std::span<const service::Worker> workers() noexcept override {
    return host_.workers();
  }
  [[nodiscard]] net::Endpoint listen_endpoint() const override { return host_.listen_endpoint(); }
  [[nodiscard]] std::string_view service_name() const noexcept override {
    return host_.service_name();
  }
  [[nodiscard]] const service::Layers& server_layers() const noexcept override { return none_; }
  [[nodiscard]] const service::Layers& client_layers() const noexcept override { return layers_; }
  Task<Result<>> on_listening(service::Listening) override { co_return Result<>{}; }

 private:
  service::Host& host_;
  OneNode node_;
  const service::Layers layers_;
  const service::Layers none_{};
};

bool may_retry(Code code) {
  switch (code) {
    case Code::kCancelled:
    case Code::kDeadlineExceeded:
    case Code::kAborted:
    case Code::kOutOfRange:
    case Code::kUnavailable:
    case Code::kDataLoss:
      return true;
    default:
      return false;
  }
}

std::string address_of(const OtlpGrpcOptions& options) {
  return net::to_string({.host = options.host, .port = options.port});
}

class OtlpGrpcSender final : public SpanSender {
 public:
  OtlpGrpcSender(service::Host& process, OtlpGrpcOptions options,
                 std::span<const telemetry::Attribute> resource)
      : request_{resource},
        headers_{std::move(options.headers)},
        host_{process, address_of(options)},
        channel_{host_, address_of(options), {.tls = options.tls, .tls_name = options.host}} {}

  Task<Delivery> send(const std::string& spans) override {
    internal::otlp::EncodedTraceRequest request;
    request.set_resource_spans(request_.resource_spans(spans));
    internal::otlp::ExportTraceServiceResponse response;
    std::string details;
    const auto called = co_await channel_.unary(kPath, request, response,
                                                {.metadata = headers_, .status_details = &details});
    if (!called) {
      const Code code = called.error().code();
      const auto wish = retry_delay_of(details);
      const bool answers = code != Code::kUnavailable && code != Code::kDeadlineExceeded;
      co_return Delivery{.status = called.error(),
                         .answered = answers || wish,
                         .may_retry = may_retry(code) || (code == Code::kResourceExhausted && wish),
                         .retry_after = wish};
    }
    co_return Delivery{.answered = true, .partial = partial_success_of(response)};
  }

 private:
  const telemetry::OtlpRequest request_;
  const Headers headers_;
  CollectorHost host_;
  const rpc::Channel channel_;
};

}  // namespace

std::shared_ptr<SpanSender> make_otlp_grpc_sender(service::Host& process, OtlpGrpcOptions options,
                                                  std::span<const telemetry::Attribute> resource) {
  return std::make_shared<OtlpGrpcSender>(process, std::move(options), resource);
}

}  // namespace hal::exporter
