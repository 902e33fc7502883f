// Header sets as applications got them from real Envoys, with the trace, parent and decision that
// the sidecar had: the choice among several contexts is measured, not argued.
#include <hal/wire/trace_headers.hpp>

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <fstream>
#include <sstream>

namespace hal::wire {
namespace {

boost::json::array golden_sets() {
  std::ifstream file{HAL_TESTDATA "/golden-headers.json"};
  std::stringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_array();
}

Headers headers_of(const boost::json::object& set) {
  Headers headers;
  for (const auto& pair : set.at("headers").as_array()) {
    headers.add(pair.at(0).as_string(), pair.at(1).as_string());
  }
  return headers;
}

std::string text_of(const boost::json::object& set, const char* key) {
  return std::string{set.at(key).as_string()};
}

std::string label_of(const boost::json::object& set) {
  return fmt::format("{} {} {}", text_of(set, "envoy"), text_of(set, "mode"),
                     text_of(set, "vector"));
}

bool wants_zero_id(const boost::json::object& set) {
  return TraceId::from_hex(text_of(set, "want_trace")) == TraceId{};
}

void expect_wanted(const boost::json::object& set, const ExtractOptions& options) {
  SCOPED_TRACE(label_of(set));
  const Extracted got = extract(headers_of(set), options);
  EXPECT_TRUE(got.trace_headers_seen);
  if (wants_zero_id(set)) {
    EXPECT_FALSE(got.context.valid());
    EXPECT_EQ(got.rejected, RejectReason::kZeroId);
    return;
  }
  EXPECT_EQ(got.context.trace_id.hex(), text_of(set, "want_trace"));
  EXPECT_EQ(got.context.span_id.hex(), text_of(set, "want_parent"));
  EXPECT_EQ(is_sampled(got.context.sampling), set.at("want_sampled").as_bool());
}

TEST(Golden, EverySetGivesTheSidecarsContextWithoutKnowingTheMode) {
  const auto sets = golden_sets();
  ASSERT_EQ(sets.size(), 132U);
  std::size_t zero_ids = 0;
  for (const auto& set : sets) {
    expect_wanted(set.as_object(), {});
    if (!wants_zero_id(set.as_object())) continue;
    ++zero_ids;
    fmt::print("refused, zero ids: {}\n", label_of(set.as_object()));
  }
  EXPECT_EQ(zero_ids, 2U);
}

TEST(Golden, KnowingTheModeGivesTheSame) {
  for (const auto& set : golden_sets()) {
    const bool w3c = text_of(set.as_object(), "mode") == "otlp-http";
    expect_wanted(set.as_object(), {.provider = w3c ? MeshProvider::kW3c : MeshProvider::kZipkin});
  }
}

TEST(Golden, OnlyAnEnvoyRootBesideAStaleTracestateIsAGuess) {
  for (const auto& set : golden_sets()) {
    const std::string label = label_of(set.as_object());
    EXPECT_EQ(extract(headers_of(set.as_object()), {}).ambiguous,
              label == "1.40.0 zipkin 24 tracestate x2")
        << label;
  }
}

TEST(Golden, WhatGoesOutAgainNamesOneContextOnly) {
  for (const auto& set : golden_sets()) {
    SCOPED_TRACE(label_of(set.as_object()));
    const Headers in = headers_of(set.as_object());
    const Extracted got = extract(in, {});
    if (!got.context.valid()) continue;  // the two sets with zero ids
    Headers out = in;                    // what an application that copies all headers would send
    inject(got.context, got.forwarded, {}, out);
    EXPECT_EQ(out.count("x-b3-traceid"), 1U);
    EXPECT_EQ(out.get("x-b3-traceid"), got.context.trace_id.hex());
    EXPECT_EQ(out.get("x-b3-spanid"), got.context.span_id.hex());
    EXPECT_EQ(out.count("traceparent"), 1U);
    EXPECT_EQ(out.get("traceparent")->substr(3, 49),
              got.context.trace_id.hex() + "-" + got.context.span_id.hex());
    EXPECT_FALSE(out.contains("b3"));
    EXPECT_FALSE(out.contains("x-b3-parentspanid"));
    EXPECT_NE(out.get("tracestate"), "") << "an empty one is Envoy's mark";
    EXPECT_EQ(extract(out, {}).context, got.context);
  }
}

}  // namespace
}  // namespace hal::wire
