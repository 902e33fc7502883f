// The sender and a collector with a gRPC connection between them.
#include <hal/export/otlp_grpc.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/export/otlp_response.hpp>
#include <hal/net/testing/tls_pair.hpp>
#include <hal/rpc/metadata.hpp>
#include <hal/rpc/server.hpp>
#include <hal/rpc/testing/raw_peer.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/span.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>
#include <hal/wire/base64.hpp>

#include <hal/internal/otlp.pb.h>

namespace hal::exporter {
namespace {

using namespace std::chrono_literals;
using telemetry::testing::decode_request;

class TraceService final : public rpc::Service {
 public:
  std::string_view full_name() const noexcept override {
    return "opentelemetry.proto.collector.trace.v1.TraceService";
  }
  std::string_view proto_name() const noexcept override { return "hal.internal.otlp.TraceService"; }
  std::span<const rpc::Method> methods() const noexcept override {
    static constexpr rpc::Method kMethods[] = {{.name = "Export", .run = &take}};
    return kMethods;
  }
  static Task<Result<>> take(rpc::Service& self, rpc::ServerStream& stream) {
    auto& service = static_cast<TraceService&>(self);
    service.metadata = stream.request_metadata();
    co_await or_return(stream.read_only_bytes(service.bytes));
    ++service.calls;
    if (!service.answer.ok()) co_return error(service.answer);
    internal::otlp::ExportTraceServiceResponse response;
    response.mutable_partial_success()->set_rejected_spans(service.rejects);
    co_return stream.write(response);
  }

  int calls = 0;
  Headers metadata;
  std::string bytes;
  Status answer;
  int rejects = 0;
};

Task<> serve(service::Host* host, rpc::Service* service, rpc::ServerOptions options) {
  (void)co_await rpc::Server{*host, std::move(options)}.add(*service).run();
}

Task<Result<Delivery>> send(SpanSender* sender, telemetry::Tracer* tracer,
                            const std::string* spans) {
  (co_await this_context()).tracer = tracer;
  co_return co_await sender->send(*spans);
}

class OtlpGrpcTest : public ::testing::Test {
 protected:
  explicit OtlpGrpcTest(const rpc::ServerOptions& options = {}) {
    host_.listen_on.port = 4317;
    host_.background().spawn(serve, static_cast<service::Host*>(&host_),
                             static_cast<rpc::Service*>(&collector_), options);
    host_.manual_loop().run_ready();
    const Context context{.tracer = &tracer_};
    for (int i = 0; i < 3; ++i) telemetry::RecordedSpan{context, {.name = "n"}}.end();
    batch_ = tracer_.take_batch().span_bytes;
  }
  ~OtlpGrpcTest() override { host_.shut_down(); }

  Delivery deliver(OtlpGrpcOptions options = {}) {
    const telemetry::Attribute resource[]{{"service.name", "api"}};
    options.host = "127.0.0.1";
    options.headers = {{"x-tenant", "blue"}};
    sender_ = make_otlp_grpc_sender(host_, std::move(options), resource);
    return *host_.run(send, sender_.get(), &tracer_, &batch_);
  }

  service::testing::TestHost host_;
  TraceService collector_;
  telemetry::testing::ManualClock clock_;
  telemetry::Tracer tracer_{telemetry::testing::test_options(clock_)};
  std::string batch_;
  std::shared_ptr<SpanSender> sender_;
};

TEST_F(OtlpGrpcTest, ABatchIsOneGuardedCall) {
  const Delivery delivery = deliver();
  EXPECT_TRUE(delivery.status.ok()) << delivery.status.to_string();
  EXPECT_EQ(decode_request(collector_.bytes).size(), 3u);
  internal::otlp::ExportTraceServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(collector_.bytes));
  EXPECT_EQ(request.resource_spans(0).resource().attributes(0).value().string_value(), "api");
  EXPECT_EQ(collector_.metadata.get("x-tenant"), "blue");
  EXPECT_EQ(collector_.metadata.get("x-b3-sampled"), "0");
  EXPECT_TRUE(collector_.metadata.get("traceparent")->ends_with("-00"));
  EXPECT_EQ(tracer_.pending(), 0u) << "the call makes no span";
}

TEST_F(OtlpGrpcTest, TheConnectionIsKept) {
  (void)deliver();
  (void)*host_.run(send, sender_.get(), &tracer_, &batch_);
  EXPECT_EQ(collector_.calls, 2);
  EXPECT_EQ(host_.memory().connects(), 1u);
}

TEST_F(OtlpGrpcTest, WhatTheCollectorRejectsIsTold) {
  collector_.rejects = 2;
  EXPECT_EQ(deliver().partial.rejected_spans, 2u);
}

TEST_F(OtlpGrpcTest, TheCodeSaysWhetherItIsSentAgain) {
  for (const Code code : {Code::kCancelled, Code::kAborted, Code::kOutOfRange, Code::kUnavailable,
                          Code::kDataLoss, Code::kDeadlineExceeded}) {
    collector_.answer = {code, "later"};
    EXPECT_TRUE(deliver().may_retry) << name(code);
  }
  for (const Code code : {Code::kInvalidArgument, Code::kUnauthenticated, Code::kUnimplemented,
                          Code::kResourceExhausted, Code::kInternal}) {
    collector_.answer = {code, "no"};
    const Delivery delivery = deliver();
    EXPECT_FALSE(delivery.may_retry) << name(code);
    EXPECT_TRUE(delivery.answered);
    EXPECT_EQ(delivery.status.code(), code);
  }
}

std::string retry_info(std::int64_t seconds, std::int32_t nanos) {
  internal::otlp::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  internal::otlp::RpcStatus status;
  status.add_details()->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  auto& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail.set_value(info.SerializeAsString());
  return status.SerializeAsString();
}

/// Answers all calls with this code, and these details if there are any.
class RefusingCollector {
 public:
  RefusingCollector(service::testing::TestHost& host, std::uint16_t port)
      : host_{host}, listener_{*host.network().listen(host.loop(), {"", port}, {})} {
    host.background().spawn(rpc::testing::RawServer::serve, &server_, &host.background(),
                            listener_.get());
  }
  RefusingCollector(const RefusingCollector&) = delete;
  RefusingCollector& operator=(const RefusingCollector&) = delete;
  ~RefusingCollector() { host_.shut_down(); }
  Code code = Code::kResourceExhausted;
  std::optional<std::string> details;

 private:
  rpc::testing::RawResponse answer() const {
    Headers headers{{":status", "200"}, {"content-type", "application/grpc"}};
    rpc::add_status({code, "not now"}, headers);
    if (details) headers.add("grpc-status-details-bin", wire::base64_encode(*details));
    return {.headers = headers, .body = {}, .trailers = {}};
  }
  service::testing::TestHost& host_;
  rpc::testing::RawServer server_{[this](int) { return answer(); }};
  std::unique_ptr<net::Listener> listener_;
};

TEST_F(OtlpGrpcTest, RetryInfoSaysWhetherAndWhen) {
  RefusingCollector collector{host_, 4319};
  EXPECT_FALSE(deliver({.port = 4319}).may_retry) << "RESOURCE_EXHAUSTED alone is final";
  collector.details = retry_info(2, 500'000'000);
  for (const Code code : {Code::kResourceExhausted, Code::kUnavailable}) {
    collector.code = code;
    const Delivery delivery = deliver({.port = 4319});
    EXPECT_EQ(delivery.status.code(), code);
    EXPECT_TRUE(delivery.may_retry);
    EXPECT_TRUE(delivery.answered);
    EXPECT_EQ(delivery.retry_after, 2500ms);
  }
  collector.code = Code::kInvalidArgument;
  EXPECT_FALSE(deliver({.port = 4319}).may_retry);
  collector.code = Code::kUnavailable;
  collector.details = "no message";
  EXPECT_EQ(deliver({.port = 4319}).retry_after, std::nullopt);
}

TEST(RetryDelay, IsReadWithinReason) {
  EXPECT_EQ(retry_delay_of(""), std::nullopt);
  EXPECT_EQ(retry_delay_of("\x0a"), std::nullopt);
  EXPECT_EQ(retry_delay_of(retry_info(0, 0)), 0s);
  EXPECT_EQ(retry_delay_of(retry_info(-1, 0)), 0s);
  EXPECT_EQ(retry_delay_of(retry_info(0, 30'000'000)), 30ms);
  EXPECT_LE(retry_delay_of(retry_info(INT64_MAX, INT32_MAX)), 24h + 1s);
}

TEST_F(OtlpGrpcTest, ACollectorThatIsAwayIsNoAnswer) {
  const Delivery delivery = deliver({.port = 4318});
  EXPECT_EQ(delivery.status.code(), Code::kUnavailable);
  EXPECT_TRUE(delivery.may_retry);
  EXPECT_FALSE(delivery.answered);
}

class OtlpGrpcTlsTest : public OtlpGrpcTest {
 protected:
  OtlpGrpcTlsTest() : OtlpGrpcTest{{.tls = net::testing::usual_tls().server}} {}
};

TEST_F(OtlpGrpcTlsTest, ACollectorIsVerified) {
  EXPECT_TRUE(deliver({.tls = net::testing::usual_tls().client}).status.ok());
  EXPECT_EQ(decode_request(collector_.bytes).size(), 3u);
  const net::testing::TestCa other;
  const Delivery delivery =
      deliver({.tls = net::TlsClientOptions{.ca_pem = std::string{other.pem()}}});
  EXPECT_EQ(delivery.status.code(), Code::kUnavailable);
  EXPECT_EQ(deliver({.tls = net::TlsClientOptions{.ca_pem = "x"}}).status.code(),
            Code::kInvalidArgument);
  EXPECT_EQ(collector_.calls, 1);
}

}  // namespace
}  // namespace hal::exporter
