#include <hal/collector/testing/mesh_traces.hpp>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <hal/base/contract.hpp>
#include <hal/collector/testing/traces.hpp>

namespace hal::collector::testing {
namespace {

constexpr std::uint64_t kPeriodUs = 10'000;

class MeshTrace {
 public:
  explicit MeshTrace(const MeshRequest& request)
      : request_{request},
        trace_id_{fmt::format("{:032x}", 0x1000'0000U + request.number)},
        request_id_{fmt::format("{:08x}-0000-9000-8000-000000000000", request.number)} {
    trace_.id = *TraceId::from_hex(trace_id_);
  }

  Trace make() {
    const auto gateway = proxy("", "istio-ingressgateway", "gateway", SpanKind::kServer, 0, 9000);
    const auto attempt =
        proxy(gateway, "istio-ingressgateway", "gateway attempt", SpanKind::kClient, 100, 8800);
    auto parent = proxy(attempt, "api", "api in", SpanKind::kServer, 500, 8000);
    if (request_.own_spans) {
      parent = own(parent, "hal9000-api", "api server", SpanKind::kServer, 700, 7600);
    }
    for (unsigned call = 0; call < request_.calls; ++call) add_call(parent, call * 10);
    trace_.sort_spans();
    return std::move(trace_);
  }

 private:
  void add_call(std::string parent, std::uint64_t us) {
    if (request_.own_spans) {
      parent = own(parent, "hal9000-api", "api client", SpanKind::kClient, us + 1000, 6000);
      trace_.spans.back().attributes = {{"http.request.method", std::string{"GET"}}};
    }
    const auto out = proxy(parent, "api", "api out", SpanKind::kClient, us + 1200, 5600);
    for (unsigned attempt = 0; attempt < request_.attempts; ++attempt) {
      const auto start = us + 1500 + attempt * 100;
      const auto in = proxy(out, "greeter", "greeter in", SpanKind::kServer, start, 4000);
      if (request_.own_spans) {
        own(in, "hal9000-greeter", "greeter server", SpanKind::kServer, start + 200, 3000);
      }
    }
  }

  std::string own(std::string_view parent, std::string service, std::string name, SpanKind kind,
                  std::uint64_t start_us, std::uint64_t duration_us) {
    const auto id = fmt::format("{:08x}{:08x}", request_.number, trace_.spans.size() + 1);
    trace_.spans.push_back(make_span({.id = id,
                                      .parent = parent,
                                      .service = std::move(service),
                                      .name = std::move(name),
                                      .kind = kind,
                                      .start_us = request_.number * kPeriodUs + start_us,
                                      .duration_us = duration_us},
                                     trace_id_));
    return id;
  }

  std::string proxy(std::string_view parent, std::string_view workload, std::string name,
                    SpanKind kind, std::uint64_t start_us, std::uint64_t duration_us) {
    const bool is_gateway = workload == "istio-ingressgateway";
    const bool is_attempt = name == "gateway attempt";
    const auto service = fmt::format("{}.{}", workload, is_gateway ? "istio-system" : "default");
    const std::string_view next = is_gateway ? "api" : "greeter";
    const auto id = own(parent, service, std::move(name), kind, start_us, duration_us);
    Span& span = trace_.spans.back();
    span.attributes = {{"component", std::string{"proxy"}},
                       {"upstream_cluster",
                        kind == SpanKind::kServer && !is_gateway
                            ? std::string{"inbound|8080||"}
                            : fmt::format("outbound|8080||{}.default.svc.cluster.local", next)}};
    if (!is_attempt) {
      span.attributes.push_back(
          {"node_id", fmt::format("{}~10.0.0.1~{}-1", is_gateway ? "router" : "sidecar", service)});
      span.attributes.push_back({"guid:x-request-id", request_id_});
    }
    if (request_.tracer == MeshTracer::kOpenTelemetry) {
      span.resource = std::make_shared<Resource>(
          service, std::vector<Attribute>{{"telemetry.sdk.name", std::string{"envoy"}}});
    }
    return id;
  }

  const MeshRequest& request_;
  const std::string trace_id_;
  const std::string request_id_;
  Trace trace_;
};

/// The span of this name and all below it.
std::set<SpanId> ids_below(Trace& trace, std::string_view name) {
  std::set<SpanId> ids{span_at(trace, name).span_id};
  for (std::size_t before = 0; before != ids.size();) {
    before = ids.size();
    for (const Span& span : trace.spans) {
      if (ids.contains(span.parent_id)) ids.insert(span.span_id);
    }
  }
  return ids;
}

}  // namespace

Trace mesh_trace(const MeshRequest& request) { return MeshTrace{request}.make(); }

Span& span_at(Trace& trace, std::string_view name) {
  const auto found = std::ranges::find(trace.spans, name, &Span::name);
  expects(found != trace.spans.end(), "the trace has a span of this name");
  return *found;
}

Trace break_off(Trace& trace, std::string_view name) {
  const auto ids = ids_below(trace, name);
  Trace other{.id = trace.id};
  other.id.bytes[0] = 0xb0;
  std::erase_if(trace.spans, [&](Span& span) {
    if (!ids.contains(span.span_id)) return false;
    if (span.name == name) span.parent_id = {};
    span.trace_id = other.id;
    other.spans.push_back(std::move(span));
    return true;
  });
  return other;
}

void remove_span(Trace& trace, std::string_view name) {
  trace.spans.erase(trace.spans.begin() + (&span_at(trace, name) - trace.spans.data()));
}

void set_request_id(Trace& trace, std::string_view name, const std::string& id) {
  const auto ids = ids_below(trace, name);
  for (Span& span : trace.spans) {
    if (!ids.contains(span.span_id)) continue;
    for (Attribute& tag : span.attributes) {
      if (tag.key == "guid:x-request-id") tag.value = id;
    }
  }
}

void delay(Trace& trace, std::uint64_t microseconds) {
  for (Span& span : trace.spans) {
    span.start_unix_ns += microseconds * 1000;
    span.end_unix_ns += microseconds * 1000;
  }
}

}  // namespace hal::collector::testing
