#include <hal/collector/doctor/ancestry.hpp>

#include <gtest/gtest.h>

#include <hal/collector/testing/mesh_traces.hpp>

namespace hal::collector::doctor {
namespace {

using testing::break_off;
using testing::mesh_trace;
using testing::remove_span;
using testing::span_at;
using Kind = Ancestry::Kind;

/// Of api's call; `top` by its name.
std::pair<Kind, std::string> ancestry(Trace trace) {
  const std::vector<Trace> traces{std::move(trace)};
  const Mesh mesh{traces};
  for (const ProxySpan& proxy : mesh.proxies()) {
    if (proxy.role != Role::kOutbound) continue;
    const auto found = trace_back(mesh, proxy);
    EXPECT_EQ(found.inbound != nullptr, found.kind == Kind::kContinues);
    return {found.kind, found.top->name};
  }
  return {};
}

TEST(Ancestry, AWholeTraceContinues) {
  EXPECT_EQ(ancestry(mesh_trace()), std::pair(Kind::kContinues, std::string{"api out"}));
  EXPECT_EQ(ancestry(mesh_trace({.own_spans = true})),
            std::pair(Kind::kContinues, std::string{"api server"}));
}

TEST(Ancestry, Roots) {
  auto trace = mesh_trace({.own_spans = true});
  EXPECT_EQ(ancestry(break_off(trace, "api out")),
            std::pair(Kind::kBegins, std::string{"api out"}));
  trace = mesh_trace({.own_spans = true});
  EXPECT_EQ(ancestry(break_off(trace, "api client")),
            std::pair(Kind::kOwnRoot, std::string{"api client"}));
}

TEST(Ancestry, ThePathMayMissTheOwnSidecar) {
  auto trace = mesh_trace();
  span_at(trace, "api out").parent_id = span_at(trace, "gateway attempt").span_id;
  EXPECT_EQ(ancestry(trace).first, Kind::kPassesBy);
  span_at(trace, "api out").parent_id = span_at(trace, "gateway").span_id;
  EXPECT_EQ(ancestry(trace).first, Kind::kPassesBy);
}

TEST(Ancestry, TheParentMayBeMissingAtEachStep) {
  auto trace = mesh_trace({.own_spans = true});
  remove_span(trace, "api server");
  EXPECT_EQ(ancestry(trace), std::pair(Kind::kOrphan, std::string{"api client"}));
  remove_span(trace, "api client");
  EXPECT_EQ(ancestry(trace), std::pair(Kind::kOrphan, std::string{"api out"}));
}

TEST(Ancestry, ALoopEnds) {
  auto trace = mesh_trace({.own_spans = true});
  span_at(trace, "api server").parent_id = span_at(trace, "api client").span_id;
  EXPECT_EQ(ancestry(trace).first, Kind::kOrphan);
}

}  // namespace
}  // namespace hal::collector::doctor
