#include <hal/cli/doctor_report.hpp>

#include <hal/cli/doctor_json.hpp>
#include <hal/cli/terminal_text.hpp>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace hal::cli {
namespace {

using collector::doctor::Cause;
using collector::doctor::Diagnosis;
using collector::doctor::Evidence;
using collector::doctor::Finding;
using collector::doctor::Provider;
using ::testing::HasSubstr;
using ::testing::Not;

const DoctorReading kReading{.source = "http://127.0.0.1:16686"};

Diagnosis broken() {
  Diagnosis diagnosis{.traces = 80, .services = 3, .first_unix_ns = 1'700'000'000'000'000'000};
  diagnosis.findings.push_back(
      {.cause = Cause::kNoContext,
       .service = "api.default",
       .upstream = "greeter.default",
       .provider = Provider::kZipkin,
       .request_id_kept = true,
       .calls = 40,
       .calls_seen = 40,
       .first_unix_ns = 1'700'000'001'500'000'000,
       .last_unix_ns = 1'700'000'009'000'000'000,
       .evidence = {{.inbound_trace = *TraceId::from_hex("50e7ac9e51837207514285b5090c9428"),
                     .inbound_span = *SpanId::from_hex("c5bbdcc26b4f94ec"),
                     .inbound_request_id = "e12e8aeb-9372-907e-9629-2e1e96a6209e",
                     .outbound_trace = *TraceId::from_hex("ba6f31c161d455efed88430c0a9efbe9"),
                     .outbound_span = *SpanId::from_hex("ed88430c0a9efbe9"),
                     .outbound_request_id = "e12e8aeb-9372-907e-9629-2e1e96a6209e",
                     .node_id = "sidecar~10.0.0.1~api",
                     .upstream_cluster = "outbound|8080||greeter"}}});
  return diagnosis;
}

TEST(DoctorReport, AFindingWhole) {
  EXPECT_EQ(render_diagnosis(broken(), kReading),
            R"(✗ api.default forwards x-request-id but no trace context to greeter.default
  how often 40 of 40 calls, since 2023-11-14T22:13:21Z
  missing   x-b3-traceid, x-b3-spanid, x-b3-sampled
  seen      A request comes in as part of a trace, and the call it makes begins another one. These
            sidecars trace with Zipkin and read B3: a traceparent alone is not enough, unless the
            provider's traceContextOption is USE_B3_WITH_W3C_PROPAGATION.
  request   trace 50e7ac9e51837207514285b5090c9428  span c5bbdcc26b4f94ec
  call      trace ba6f31c161d455efed88430c0a9efbe9  span ed88430c0a9efbe9
            no parent
            guid:x-request-id e12e8aeb-9372-907e-9629-2e1e96a6209e, as the request's
            node_id sidecar~10.0.0.1~api
            upstream_cluster outbound|8080||greeter
  cure      Hand on with every call what came in: x-request-id, x-b3-traceid, x-b3-spanid,
            x-b3-parentspanid, x-b3-sampled, x-b3-flags, and b3 where it came in without them (Envoy
            1.40 does that). hal9000 does unless HAL_TRACE_MODE is off. An OpenTelemetry SDK does
            with OTEL_PROPAGATORS=tracecontext,baggage,b3multi and a middleware for x-request-id.

1 finding in 80 traces of 3 meshed services since 2023-11-14T22:13:20Z.
)");
}

TEST(DoctorReport, OtherIdsAndParents) {
  auto diagnosis = broken();
  Evidence& evidence = diagnosis.findings[0].evidence[0];
  evidence.outbound_request_id = "other";
  evidence.outbound_parent = *SpanId::from_hex("a1");
  const auto text = render_diagnosis(diagnosis, kReading);
  EXPECT_THAT(text, HasSubstr("  parent 00000000000000a1\n"));
  EXPECT_THAT(text, HasSubstr("  guid:x-request-id other\n"));
  EXPECT_THAT(text, HasSubstr("  the request's e12e8aeb-9372-907e-9629-2e1e96a6209e\n"));
  evidence.inbound_span = {};
  EXPECT_THAT(render_diagnosis(diagnosis, kReading), Not(HasSubstr("  request ")));
}

TEST(DoctorReport, TheApplicationsOwnSpanHasNoRequestId) {
  auto diagnosis = broken();
  Finding& finding = diagnosis.findings[0];
  finding.cause = Cause::kSamplingChanged;
  finding.turned_on = false;
  finding.evidence[0].outbound_request_id.clear();
  const auto text = render_diagnosis(diagnosis, kReading);
  EXPECT_THAT(text, HasSubstr("            the application's own span; its sidecar has none\n"));
  EXPECT_THAT(text, Not(HasSubstr("guid:x-request-id")));
  EXPECT_THAT(text, Not(HasSubstr("the request's e12e8aeb")));
}

TEST(DoctorReport, ACallWithoutARequestIdShowsNone) {
  auto diagnosis = broken();
  diagnosis.findings[0].evidence[0].outbound_request_id.clear();
  const auto text = render_diagnosis(diagnosis, kReading);
  EXPECT_THAT(text, Not(HasSubstr("guid:x-request-id")));
  EXPECT_THAT(text, Not(HasSubstr("own span")));
}

TEST(DoctorReport, NothingFound) {
  EXPECT_EQ(render_diagnosis({.traces = 1, .services = 1, .first_unix_ns = 0}, kReading),
            "Nothing found in 1 trace of 1 meshed service since 1970-01-01T00:00:00Z.\n");
  EXPECT_EQ(render_diagnosis({.arriving = 2}, kReading),
            "No traces to judge in http://127.0.0.1:16686; 2 traces left out, still arriving.\n");
}

TEST(DoctorReport, TooEarlyIsNotNothingFound) {
  const Diagnosis diagnosis{.traces = 1, .arriving = 2, .is_too_early = true};
  EXPECT_EQ(render_diagnosis(diagnosis, kReading, {.width = 140, .colour = true}),
            "Nothing to see yet of the trace asked for: its other half may still be arriving; 2 "
            "traces left out, still arriving.\n");
  const auto json = boost::json::parse(diagnosis_json(diagnosis, kReading));
  EXPECT_EQ(json.at("is_too_early"), true);
}

TEST(DoctorReport, SaysWhatWasLeftOut) {
  const Diagnosis diagnosis{.traces = 2, .too_large = 1, .services = 1};
  EXPECT_THAT(render_diagnosis(diagnosis, {.source = "x", .is_cut = true}, {.width = 140}),
              HasSubstr("Z (older ones: --limit); 1 trace left out, too large.\n"));
}

TEST(DoctorReport, ADoubtIsNoFinding) {
  Diagnosis diagnosis{.traces = 2, .services = 1};
  diagnosis.doubts.push_back(
      {.service = "api.default", .upstream = "greeter.default", .calls = 3, .requests = 4});
  const auto text = render_diagnosis(diagnosis, kReading);
  EXPECT_THAT(text, ::testing::StartsWith("? api.default begins 3 traces"));
  EXPECT_THAT(text, HasSubstr("Nothing found"));
}

TEST(DoctorReport, NoTextIsWiderThanTheTerminal) {
  auto diagnosis = broken();
  diagnosis.findings[0].evidence.clear();
  for (const std::size_t width : {0U, 60U, 61U, 80U, 100U, 140U}) {
    const auto text = render_diagnosis(diagnosis, kReading, {.width = width});
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      EXPECT_LE(display_width(text.substr(at, end - at)), std::max<std::size_t>(width, 60));
      at = end + 1;
    }
  }
}

TEST(DoctorReport, ColoursAndUnicodeOnlyWhereTheTerminalHasThem) {
  EXPECT_THAT(render_diagnosis(broken(), kReading), Not(HasSubstr("\033")));
  EXPECT_THAT(render_diagnosis(broken(), kReading, {.colour = true}), HasSubstr("\033[1;31m✗"));
  EXPECT_THAT(render_diagnosis(broken(), kReading, {.ascii = true}),
              ::testing::StartsWith("x api.default"));
}

TEST(DoctorReport, WhatAProgramSentCannotControlTheTerminal) {
  auto diagnosis = broken();
  Finding& finding = diagnosis.findings[0];
  finding.service = "api\033[2J";
  finding.evidence[0].node_id = "a\nb\033c";
  finding.evidence[0].outbound_request_id = "\033]0;x\007";
  const auto text = render_diagnosis(diagnosis, kReading);
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, HasSubstr("node_id a?b?c\n"));
}

TEST(DoctorJson, HasEverything) {
  const auto text = diagnosis_json(broken(), {.source = "x", .is_cut = true});
  EXPECT_EQ(text.back(), '\n');
  const auto json = boost::json::parse(text);
  EXPECT_EQ(json.at("traces"), 80);
  EXPECT_EQ(json.at("is_cut"), true);
  const auto& finding = json.at("findings").at(0);
  EXPECT_EQ(finding.at("cause"), "no-context");
  EXPECT_EQ(finding.at("service"), "api.default");
  EXPECT_EQ(finding.at("upstream"), "greeter.default");
  EXPECT_EQ(finding.at("provider"), "zipkin");
  EXPECT_EQ(finding.at("headers").as_array().size(), 3U);
  EXPECT_EQ(finding.at("calls_seen"), 40);
  EXPECT_EQ(finding.at("first"), "2023-11-14T22:13:21Z");
  const auto& evidence = finding.at("evidence").at(0);
  EXPECT_EQ(evidence.at("request").at("trace_id"), "50e7ac9e51837207514285b5090c9428");
  EXPECT_EQ(evidence.at("call").at("request_id"), "e12e8aeb-9372-907e-9629-2e1e96a6209e");
  EXPECT_FALSE(evidence.at("call").as_object().contains("parent_span_id"));
}

TEST(DoctorJson, WhatIsNotKnownIsLeftOut) {
  auto diagnosis = broken();
  auto& evidence = diagnosis.findings[0].evidence[0];
  evidence.inbound_span = {};
  evidence.outbound_parent = *SpanId::from_hex("a1");
  diagnosis.doubts.push_back({.service = "s", .upstream = "u"});
  const auto json = boost::json::parse(diagnosis_json(diagnosis, kReading));
  const auto& read = json.at("findings").at(0).at("evidence").at(0);
  EXPECT_FALSE(read.as_object().contains("request"));
  EXPECT_EQ(read.at("call").at("parent_span_id"), "00000000000000a1");
  EXPECT_EQ(json.at("doubts").at(0).at("service"), "s");
}

}  // namespace
}  // namespace hal::cli
