// Client calls outside requests, calls of the kit's own, and who is whose parent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/when_all.hpp>
#include <hal/service/layers/trace/trace.hpp>
#include <hal/service/testing/test_call.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

namespace hal::layers {
namespace {

using namespace std::chrono_literals;
using service::Call;
using service::Kind;
using service::testing::TestTerminal;
using telemetry::Mode;
using telemetry::testing::DecodedSpan;

const service::Layers& client_layers() {
  static const service::Layers layers{std::make_shared<ClientTrace>(TraceOptions{})};
  return layers;
}
const service::Layers& untraced_layers() {
  static const service::Layers layers{std::make_shared<UntracedCall>()};
  return layers;
}

Task<> pause(Call&) { co_await sleep(1ms); }

/// A call named by its method; the other side takes a millisecond to answer.
Task<Result<>> call_out(std::string method, Headers* out, const service::Layers* layers) {
  Headers own;
  Call call{.kind = Kind::kClient,
            .protocol = service::Protocol::kGrpc,
            .method = method,
            .peer_host = "greeter",
            .request_headers = out == nullptr ? &own : out};
  TestTerminal terminal{pause};
  co_await service::testing::run_call(*layers, terminal, call);
  co_return Result<>{};
}

Headers sent_outside_a_request(telemetry::Tracer& tracer, const service::Layers& layers,
                               Headers out = {}) {
  EXPECT_TRUE(telemetry::testing::run_traced(tracer, call_out, std::string{"m"}, &out, &layers));
  return out;
}

class ClientTraceTest : public ::testing::Test {
 protected:
  telemetry::Tracer& tracer(Mode mode, telemetry::Sampler sampler = {}) {
    auto options = telemetry::testing::test_options(clock_, mode);
    options.sampler = sampler;
    return tracer_.emplace(options);
  }
  telemetry::testing::ManualClock clock_;
  std::optional<telemetry::Tracer> tracer_;
};

TEST_F(ClientTraceTest, OutsideARequestASampledTraceStarts) {
  const Headers out = sent_outside_a_request(tracer(Mode::kFull), client_layers());
  const auto spans = telemetry::testing::take_spans(*tracer_);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].parent_id, "");
  EXPECT_EQ(spans[0].kind, telemetry::Kind::kClient);
  EXPECT_EQ(out.get("x-b3-traceid"), spans[0].trace_id);
  EXPECT_EQ(out.get("x-b3-spanid"), spans[0].span_id);
  EXPECT_EQ(out.get("x-b3-sampled"), "1");
  EXPECT_EQ(out.get("traceparent"), "00-" + spans[0].trace_id + "-" + spans[0].span_id + "-03");
  ASSERT_EQ(out.get("x-request-id")->size(), 36u);
  EXPECT_EQ(out.get("x-request-id")->at(14), '9');
  EXPECT_EQ(out.size(), 5u);
}

TEST_F(ClientTraceTest, OutsideARequestTheSamplerMayDeny) {
  const Headers out = sent_outside_a_request(tracer(Mode::kFull, telemetry::Sampler::always_off()),
                                             client_layers());
  EXPECT_EQ(tracer_->pending(), 0u);
  EXPECT_EQ(out.get("x-b3-sampled"), "0");
  EXPECT_TRUE(out.get("traceparent")->ends_with("-02"));
  EXPECT_EQ(out.get("x-request-id")->at(14), '4');
}

TEST_F(ClientTraceTest, OutsideARequestOtherModesSendARequestIdOnly) {
  for (const Mode mode : {Mode::kForward, Mode::kOff}) {
    const Headers out = sent_outside_a_request(tracer(mode), client_layers());
    EXPECT_EQ(out.size(), 1u);
    EXPECT_EQ(out.get("x-request-id")->at(14), '4');
    EXPECT_EQ(tracer_->pending(), 0u);
  }
}

TEST_F(ClientTraceTest, TheCallersOwnRequestIdStays) {
  const Headers out =
      sent_outside_a_request(tracer(Mode::kFull), client_layers(), {{"X-Request-Id", "mine"}});
  EXPECT_EQ(out.get("x-request-id"), "mine");
  EXPECT_EQ(out.count("x-request-id"), 1u);
}

TEST_F(ClientTraceTest, WithoutATracerNothingIsAdded) {
  Headers out;
  EXPECT_TRUE(hal::testing::run(call_out, std::string{"m"}, &out, &client_layers()));
  EXPECT_TRUE(out.empty());
}

TEST_F(ClientTraceTest, StaleHeadersAreReplaced) {
  const Headers out = sent_outside_a_request(tracer(Mode::kFull), client_layers(),
                                             {{"b3", "0"},
                                              {"x-b3-parentspanid", "1"},
                                              {"x-b3-traceid", "1"},
                                              {"tracestate", "a=1"},
                                              {"traceparent", "00-x"}});
  EXPECT_EQ(out.size(), 5u);
  for (const auto name : {"b3", "x-b3-parentspanid", "tracestate"}) {
    EXPECT_FALSE(out.contains(name)) << name;
  }
}

Task<Result<>> untraced_inside_a_span(Headers* out) {
  auto span = co_await start_span("job");
  co_await or_return(call_out("m", out, &untraced_layers()));
  EXPECT_EQ((co_await this_context()).span, span.context());
  co_return Result<>{};
}

TEST_F(ClientTraceTest, AnUntracedCallSendsTheGuardAndMakesNoSpan) {
  Headers out{{"b3", "1"}, {"x-b3-traceid", "1"}, {"content-type", "application/x-protobuf"}};
  ASSERT_TRUE(telemetry::testing::run_traced(tracer(Mode::kFull), untraced_inside_a_span, &out));
  const auto spans = telemetry::testing::take_spans(*tracer_);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].name, "job");
  EXPECT_EQ(out.size(), 3u);
  EXPECT_EQ(out.get("x-b3-sampled"), "0");
  const auto parent = wire::parse_traceparent(*out.get("traceparent"));
  EXPECT_TRUE(parent.context.valid());
  EXPECT_EQ(parent.context.sampling, Sampling::kDenied);
  EXPECT_NE(parent.context.trace_id.hex(), spans[0].trace_id);
}

TEST_F(ClientTraceTest, AnUntracedCallIsGuardedInEveryMode) {
  for (const Mode mode : {Mode::kFull, Mode::kForward, Mode::kOff}) {
    const Headers out = sent_outside_a_request(tracer(mode), untraced_layers());
    EXPECT_EQ(out.get("x-b3-sampled"), "0");
    EXPECT_TRUE(out.get("traceparent")->ends_with("-00"));
    EXPECT_EQ(tracer_->pending(), 0u);
  }
  Headers out;
  EXPECT_TRUE(hal::testing::run(call_out, std::string{"m"}, &out, &untraced_layers()));
  EXPECT_TRUE(out.contains("traceparent"));
}

Task<Result<int>> call_out_for_a_value(std::string method) {
  co_await or_return(call_out(std::move(method), nullptr, &client_layers()));
  co_return 1;
}

Task<Result<>> beside(Scope& scope) {
  scope.spawn(call_out, std::string{"spawned"}, static_cast<Headers*>(nullptr), &client_layers());
  co_return co_await call_out("in scope", nullptr, &client_layers());
}

Task<> handler(Call&) {
  EXPECT_TRUE(co_await call_out("first", nullptr, &client_layers()));
  {
    auto outer = co_await start_span("outer");
    auto inner = co_await start_span("inner");
    EXPECT_TRUE(co_await call_out("nested", nullptr, &client_layers()));
    EXPECT_TRUE(co_await when_all(call_out_for_a_value("a"), call_out_for_a_value("b")));
  }
  auto joined = co_await start_span("joined");
  EXPECT_TRUE(co_await with_scope(beside));
}

TEST_F(ClientTraceTest, ParentsAreWhoeverCalled) {
  Headers in{{"b3", "463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1"}};
  Call call{.method = "GET", .path = "/", .route = "/", .request_headers = &in};
  const service::Layers server{std::make_shared<ServerTrace>(TraceOptions{})};
  TestTerminal terminal{handler};
  ASSERT_TRUE(telemetry::testing::run_traced(tracer(Mode::kFull), service::testing::run_call_body,
                                             &server, &terminal, &call));
  const auto spans = telemetry::testing::take_spans(*tracer_);
  const auto parent = [&](std::string_view name) -> std::string {
    const auto& child = telemetry::testing::find(spans, name);
    for (const auto& span : spans) {
      if (span.span_id == child.parent_id) return span.name;
    }
    return child.parent_id;
  };
  EXPECT_EQ(spans.size(), 10u);
  EXPECT_EQ(parent("GET /"), "a2fb4a1d1a96d312");
  EXPECT_EQ(parent("first"), "GET /");
  EXPECT_EQ(parent("outer"), "GET /");
  EXPECT_EQ(parent("inner"), "outer");
  EXPECT_EQ(parent("nested"), "inner");
  EXPECT_EQ(parent("a"), "inner");
  EXPECT_EQ(parent("b"), "inner");
  EXPECT_EQ(parent("joined"), "GET /");
  EXPECT_EQ(parent("spawned"), "joined");
  EXPECT_EQ(parent("in scope"), "joined");
  for (const auto& span : spans) EXPECT_EQ(span.trace_id, "463ac35c9f6413ad48485a3953bb6124");
}

}  // namespace
}  // namespace hal::layers
