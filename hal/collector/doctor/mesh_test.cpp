#include <hal/collector/doctor/mesh.hpp>

#include <algorithm>

#include <gtest/gtest.h>

#include <hal/collector/doctor/provider.hpp>
#include <hal/collector/testing/mesh_traces.hpp>
#include <hal/collector/testing/traces.hpp>

namespace hal::collector::doctor {
namespace {

using testing::break_off;
using testing::mesh_trace;
using testing::MeshTracer;
using testing::span_at;

const ProxySpan& proxy_at(const Mesh& mesh, std::vector<Trace>& traces, std::size_t index,
                          std::string_view name) {
  return *mesh.proxy(span_at(traces[index], name));
}

TEST(Mesh, FindsTheProxiesSpansAndTheirRoles) {
  std::vector<Trace> traces{mesh_trace({.own_spans = true})};
  const Mesh mesh{traces};
  EXPECT_EQ(mesh.proxies().size(), 4U);
  EXPECT_EQ(proxy_at(mesh, traces, 0, "gateway").role, Role::kEdge);
  EXPECT_EQ(proxy_at(mesh, traces, 0, "api in").role, Role::kInbound);
  EXPECT_EQ(proxy_at(mesh, traces, 0, "api out").role, Role::kOutbound);
  EXPECT_EQ(proxy_at(mesh, traces, 0, "greeter in").role, Role::kInbound);
  EXPECT_EQ(mesh.proxy(span_at(traces[0], "gateway attempt")), nullptr);
  EXPECT_EQ(mesh.proxy(span_at(traces[0], "api server")), nullptr);
  EXPECT_EQ(proxy_at(mesh, traces, 0, "api out").node, proxy_at(mesh, traces, 0, "api in").node);
}

TEST(Mesh, RolesOutsideOfIstio) {
  struct {
    const char* cluster;
    SpanKind kind;
    Role role;
  } const cases[] = {{"inbound|8080||", SpanKind::kClient, Role::kInbound},
                     {"outbound|80||a.b.svc.cluster.local", SpanKind::kServer, Role::kOutbound},
                     {"PassthroughCluster", SpanKind::kClient, Role::kOutbound},
                     {"local_app", SpanKind::kServer, Role::kInbound},
                     {"", SpanKind::kServer, Role::kInbound}};
  for (const auto& test : cases) {
    std::vector<Trace> traces{mesh_trace()};
    Span& span = span_at(traces[0], "api out");
    span.kind = test.kind;
    for (Attribute& tag : span.attributes) {
      if (tag.key == kClusterTag) tag.value = std::string{test.cluster};
    }
    EXPECT_EQ(Mesh{traces}.proxy(span)->role, test.role) << test.cluster;
  }
}

TEST(Mesh, KnowsTheRequestOfACall) {
  std::vector<Trace> traces{mesh_trace({.number = 1}), mesh_trace({.number = 2})};
  traces.push_back(break_off(traces[0], "api out"));
  const Mesh mesh{traces};
  const auto& broken = proxy_at(mesh, traces, 2, "api out");
  EXPECT_EQ(mesh.inbound_in_trace(broken), nullptr);
  EXPECT_EQ(mesh.inbound_of_request(broken), &proxy_at(mesh, traces, 0, "api in"));
  const auto& whole = proxy_at(mesh, traces, 1, "api out");
  EXPECT_EQ(mesh.inbound_in_trace(whole), &proxy_at(mesh, traces, 1, "api in"));
}

TEST(Mesh, OfSeveralRequestsInOneTraceIdAndTimeDecide) {
  std::vector<Trace> traces{mesh_trace({.number = 1})};
  Trace second = mesh_trace({.number = 2});
  const auto middle = traces[0].spans.size();
  traces[0].spans.insert(traces[0].spans.end(), second.spans.begin(), second.spans.end());
  const Mesh mesh{traces};
  for (std::size_t i = 0; i < traces[0].spans.size(); ++i) {
    const Span& span = traces[0].spans[i];
    if (span.name != "api out") continue;
    const auto* request = mesh.inbound_in_trace(*mesh.proxy(span));
    EXPECT_EQ(request->span >= &traces[0].spans[middle], i >= middle);
  }
}

TEST(Mesh, OfManyRequestsWithOneIdTheOneThatEnclosesTheCall) {
  std::vector<Trace> traces;
  for (std::uint32_t number = 1; number <= 3000; ++number) {
    traces.push_back(mesh_trace({.number = number}));
    testing::set_request_id(traces.back(), "gateway", "the same");
  }
  std::ranges::reverse(traces);
  const Mesh mesh{traces};
  for (const std::size_t index : {0U, 1U, 1500U, 2999U}) {
    EXPECT_EQ(mesh.inbound_of_request(proxy_at(mesh, traces, index, "api out")),
              &proxy_at(mesh, traces, index, "api in"));
  }
}

TEST(Mesh, ACallMayBeOlderThanItsRequest) {
  std::vector<Trace> traces{mesh_trace()};
  traces.push_back(break_off(traces[0], "api out"));
  testing::delay(traces[0], 50'000);
  const Mesh mesh{traces};
  EXPECT_EQ(mesh.inbound_of_request(proxy_at(mesh, traces, 1, "api out")),
            &proxy_at(mesh, traces, 0, "api in"));
}

TEST(Mesh, InboundsAreOrderedByStart) {
  std::vector<Trace> traces{mesh_trace({.number = 3}), mesh_trace({.number = 1}),
                            mesh_trace({.number = 2})};
  const Mesh mesh{traces};
  const auto inbounds = mesh.inbounds(proxy_at(mesh, traces, 0, "api in").node);
  EXPECT_EQ(inbounds.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(
      inbounds, {}, [](const ProxySpan* inbound) { return inbound->span->start_unix_ns; }));
  EXPECT_TRUE(mesh.inbounds("nobody").empty());
}

TEST(Mesh, TheParentOfASharedSpanIsOfTheSameService) {
  std::vector<Trace> traces{mesh_trace({.own_spans = true})};
  Span& in = span_at(traces[0], "greeter in");
  const Span& out = span_at(traces[0], "api out");
  in.span_id = out.span_id;
  in.parent_id = out.parent_id;
  Span& below = span_at(traces[0], "greeter server");
  below.parent_id = in.span_id;
  below.resource = in.resource;
  const Mesh mesh{traces};
  EXPECT_EQ(mesh.parent(0, below), &in);
  EXPECT_EQ(mesh.parent(0, in), &span_at(traces[0], "api client"));
  EXPECT_EQ(mesh.parent(0, span_at(traces[0], "gateway")), nullptr);
}

TEST(Mesh, NamesUpstreams) {
  EXPECT_EQ(upstream_of("outbound|8080||greeter.default.svc.cluster.local"), "greeter.default");
  EXPECT_EQ(upstream_of("outbound|9080|v2|reviews.shop.svc.cluster.local"), "reviews.shop");
  EXPECT_EQ(upstream_of("outbound|443||api.example.com"), "api.example.com");
  EXPECT_EQ(upstream_of("inbound|8080||"), "inbound|8080||");
  EXPECT_EQ(upstream_of("PassthroughCluster"), "PassthroughCluster");
  EXPECT_EQ(upstream_of(""), "");
}

TEST(Provider, OpenTelemetrysTracerNamesItself) {
  auto zipkin = mesh_trace();
  auto w3c = mesh_trace({.tracer = MeshTracer::kOpenTelemetry});
  EXPECT_EQ(provider_of(span_at(zipkin, "api out")), Provider::kZipkin);
  EXPECT_EQ(provider_of(span_at(w3c, "api out")), Provider::kOpenTelemetry);
  EXPECT_EQ(name(Provider::kZipkin), "zipkin");
  EXPECT_EQ(name(Provider::kOpenTelemetry), "opentelemetry");
}

}  // namespace
}  // namespace hal::collector::doctor
