#include <hal/collector/doctor/diagnose.hpp>

#include <functional>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <hal/collector/doctor/mesh.hpp>
#include <hal/collector/testing/mesh_traces.hpp>
#include <hal/collector/testing/traces.hpp>

namespace hal::collector::doctor {
namespace {

using testing::break_off;
using testing::delay;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using testing::mesh_trace;
using testing::MeshRequest;
using testing::MeshTracer;
using testing::remove_span;
using testing::set_request_id;
using testing::span_at;

using Traces = std::vector<Trace>;

constexpr DoctorOptions kLater{.now_unix_ns = testing::kTraceStartNs + 3'600'000'000'000};

/// "no-context api.default > greeter.default 4/4 zipkin kept by-time".
std::string summary(const Finding& finding) {
  return fmt::format("{} {} > {} {}/{} {}{}{}", name(finding.cause), finding.service,
                     finding.upstream, finding.calls, finding.calls_seen, name(finding.provider),
                     finding.request_id_kept ? " kept" : "",
                     finding.by_time_alone ? " by-time" : "");
}

std::vector<std::string> summaries(const Diagnosis& diagnosis) {
  std::vector<std::string> texts;
  for (const Finding& finding : diagnosis.findings) texts.push_back(summary(finding));
  return texts;
}

/// The traces of so many requests, each as `make` leaves it.
Traces requests(std::uint32_t count, const std::function<void(Trace&, Traces&)>& make,
                MeshRequest request = {}) {
  Traces traces;
  for (request.number = 1; request.number <= count; ++request.number) {
    Trace trace = mesh_trace(request);
    make(trace, traces);
    traces.push_back(std::move(trace));
  }
  return traces;
}

std::string other_id(const Trace& trace, char reason) {
  return fmt::format("{}-ffff-{}fff-8000-00000000ffff", trace.id.hex().substr(24), reason);
}

void forward_nothing(Trace& trace, Traces& traces) {
  traces.push_back(break_off(trace, "api out"));
  set_request_id(traces.back(), "api out", other_id(trace, '9'));
}

void forward_request_id(Trace& trace, Traces& traces) {
  traces.push_back(break_off(trace, "api out"));
}

/// The application has its own spans, and they are in the trace that it begins.
void begin_own_trace(Trace& trace, Traces& traces) {
  traces.push_back(break_off(trace, "api server"));
}

void begin_own_trace_unsent(Trace& trace, Traces& traces) {
  begin_own_trace(trace, traces);
  remove_span(traces.back(), "api client");
}

/// The client's b3 goes through all: what Envoy before 1.40 makes of it.
void forward_clients_b3(Trace& trace, Traces&) {
  for (const auto* place : {"gateway", "api in", "api out", "greeter in"}) {
    span_at(trace, place).parent_id = *SpanId::from_hex("a2fb4a1d1a96d312");
  }
}

/// The gateway takes b3 away, the application sends its own: its span's child is greeter's, too.
void send_b3(Trace& trace, Traces&) {
  span_at(trace, "greeter in").parent_id = span_at(trace, "api out").parent_id;
}

void send_gateways_context(Trace& trace, Traces&) {
  span_at(trace, "api out").parent_id = span_at(trace, "gateway attempt").span_id;
}

/// Each request but the first calls with the context and the parent of the one before.
void keep_context(Trace& trace, Traces& traces) {
  if (traces.empty()) return;
  Trace call = break_off(trace, "api out");
  Trace& first = traces.front();
  for (Span& span : call.spans) span.trace_id = first.id;
  call.spans.front().parent_id = span_at(first, "api in").span_id;
  first.spans.insert(first.spans.end(), call.spans.begin(), call.spans.end());
}

void export_nothing(Trace& trace, Traces&) {
  remove_span(trace, "api server");
  remove_span(trace, "api client");
}

void lose_some(Trace& trace, Traces& traces) {
  if (traces.size() % 4 == 0) remove_span(trace, "api client");
}

/// Every second request was sampled, and what api sends says the opposite.
void flip_sampling(Trace& trace, Traces& traces) {
  if (traces.size() % 2 == 0) {
    (void)break_off(trace, "api out");
  } else {
    for (const auto* place : {"gateway", "gateway attempt", "api in"}) remove_span(trace, place);
    set_request_id(trace, "api out", other_id(trace, '4'));
  }
}

void change_request_id(Trace& trace, Traces& traces) {
  if (traces.size() % 2 == 0) {
    set_request_id(trace, "api out", other_id(trace, '9'));
  } else {
    (void)break_off(trace, "api out");
  }
}

/// What api's sidecar does not record, nobody behind it does.
void turn_sampling_off(Trace& trace, Traces& traces) {
  if (traces.size() % 2 == 0) (void)break_off(trace, "api out");
}

struct BrokenCase {
  const char* name;
  Traces traces;
  std::vector<std::string> findings;
};

std::vector<BrokenCase> broken_cases() {
  const MeshRequest own{.own_spans = true};
  const MeshRequest w3c{.tracer = MeshTracer::kOpenTelemetry};
  const MeshRequest fan_out{.calls = 3};
  return {
      {"forwards nothing",
       requests(40, forward_nothing),
       {"no-context api.default > greeter.default 40/40 zipkin by-time"}},
      {"forwards nothing, one request",
       requests(1, forward_nothing),
       {"no-context api.default > greeter.default 1/1 zipkin by-time"}},
      {"forwards x-request-id only",
       requests(40, forward_request_id),
       {"no-context api.default > greeter.default 40/40 zipkin kept"}},
      {"forwards x-request-id only, OpenTelemetry",
       requests(40, forward_request_id, w3c),
       {"no-context api.default > greeter.default 40/40 opentelemetry kept"}},
      {"forwards x-request-id only, one of three calls",
       requests(5, forward_request_id, fan_out),
       {"no-context api.default > greeter.default 5/15 zipkin kept"}},
      {"begins traces of its own",
       requests(5, begin_own_trace, own),
       {"own-trace api.default > greeter.default 5/5 zipkin kept"}},
      {"begins traces of its own and exports none",
       requests(5, begin_own_trace_unsent, own),
       {"own-trace api.default > greeter.default 5/5 zipkin kept"}},
      {"hands on the client's b3",
       requests(5, forward_clients_b3),
       {"stale-context api.default > greeter.default 5/5 zipkin kept",
        "stale-entry istio-ingressgateway.istio-system > api.default 5/5 zipkin"}},
      {"sends b3 of its own span",
       requests(5, send_b3, own),
       {"stale-context api.default > greeter.default 5/5 zipkin kept"}},
      {"sends the gateway's context",
       requests(5, send_gateways_context, w3c),
       {"stale-context api.default > greeter.default 5/5 opentelemetry kept"}},
      {"keeps a context for later requests",
       requests(5, keep_context),
       {"stale-context api.default > greeter.default 4/5 zipkin kept"}},
      {"exports nothing",
       requests(5, export_nothing, own),
       {"spans-not-exported api.default > greeter.default 5/5 zipkin kept"}},
      {"loses some spans",
       requests(8, lose_some, own),
       {"spans-not-exported api.default > greeter.default 2/8 zipkin kept"}},
      {"flips the sampling decision",
       requests(6, flip_sampling),
       {"sampling-changed api.default > greeter.default 3/3 zipkin"}},
      {"turns sampling off in some calls",
       requests(6, turn_sampling_off, own),
       {"sampling-changed api.default > greeter.default 3/6 zipkin"}},
      {"changes x-request-id and has its own spans",
       requests(6, change_request_id, {.tracer = MeshTracer::kOpenTelemetry, .own_spans = true}),
       {"request-id-changed api.default > greeter.default 3/3 opentelemetry"}},
      {"changes x-request-id",
       requests(6, change_request_id, w3c),
       {"request-id-changed api.default > greeter.default 3/3 opentelemetry"}},
  };
}

TEST(Diagnose, NamesServiceAndCause) {
  for (const BrokenCase& test : broken_cases()) {
    SCOPED_TRACE(test.name);
    const auto diagnosis = diagnose(test.traces, kLater);
    EXPECT_THAT(summaries(diagnosis), ElementsAreArray(test.findings));
    EXPECT_THAT(diagnosis.doubts, IsEmpty());
  }
}

TEST(Diagnose, EvidenceNamesSpansAndTags) {
  auto traces = requests(2, forward_request_id);
  const auto diagnosis = diagnose(traces, kLater);
  ASSERT_EQ(diagnosis.findings.size(), 1U);
  const auto& finding = diagnosis.findings[0];
  ASSERT_EQ(finding.evidence.size(), 2U);
  const Evidence& newest = finding.evidence[0];
  EXPECT_EQ(newest.inbound_trace, traces[3].id);
  EXPECT_EQ(newest.inbound_span, span_at(traces[3], "api in").span_id);
  EXPECT_EQ(newest.outbound_trace, traces[2].id);
  EXPECT_EQ(newest.outbound_span, span_at(traces[2], "api out").span_id);
  EXPECT_FALSE(newest.outbound_parent.valid());
  EXPECT_EQ(newest.inbound_request_id, "00000002-0000-9000-8000-000000000000");
  EXPECT_EQ(newest.outbound_request_id, newest.inbound_request_id);
  EXPECT_EQ(newest.node_id, "sidecar~10.0.0.1~api.default-1");
  EXPECT_EQ(newest.upstream_cluster, "outbound|8080||greeter.default.svc.cluster.local");
  EXPECT_EQ(finding.first_unix_ns, span_at(traces[0], "api out").start_unix_ns);
  EXPECT_EQ(finding.last_unix_ns, span_at(traces[2], "api out").start_unix_ns);
}

TEST(Diagnose, EvidenceIsBounded) {
  const auto diagnosis = diagnose(requests(40, forward_request_id), kLater);
  ASSERT_EQ(diagnosis.findings.size(), 1U);
  EXPECT_EQ(diagnosis.findings[0].evidence.size(), kLater.evidence_max);
}

TEST(Diagnose, TellsWhoReadAnOldB3) {
  const MeshRequest own{.own_spans = true};
  EXPECT_TRUE(diagnose(requests(2, send_b3, own), kLater).findings.at(0).is_b3);
  EXPECT_TRUE(diagnose(requests(2, forward_clients_b3), kLater).findings.at(0).is_b3);
  EXPECT_FALSE(diagnose(requests(2, keep_context), kLater).findings.at(0).is_b3);
}

TEST(Diagnose, TellsWhetherSamplingWentOnOrOff) {
  const auto on = diagnose(requests(4, flip_sampling), kLater).findings.at(0);
  EXPECT_TRUE(on.turned_on);
  const auto off = diagnose(requests(4, turn_sampling_off, {.own_spans = true}), kLater);
  EXPECT_FALSE(off.findings.at(0).turned_on);
  const Evidence& evidence = off.findings.at(0).evidence.at(0);
  EXPECT_EQ(evidence.outbound_parent.hex().substr(8), "00000004");  // of "api client"
  EXPECT_EQ(evidence.node_id, "sidecar~10.0.0.1~api.default-1");
  EXPECT_EQ(evidence.outbound_request_id, "");
}

TEST(Diagnose, CountsRequestsThatEndEarly) {
  const auto diagnosis = diagnose(requests(6, change_request_id), kLater);
  ASSERT_EQ(diagnosis.findings.size(), 1U);
  EXPECT_EQ(diagnosis.findings[0].requests, 6U);
  EXPECT_EQ(diagnosis.findings[0].requests_without_call, 3U);
}

TEST(Diagnose, TellsLostSpansFromThoseNeverSent) {
  const MeshRequest own{.own_spans = true};
  EXPECT_TRUE(diagnose(requests(8, lose_some, own), kLater).findings.at(0).some_exported);
  EXPECT_FALSE(diagnose(requests(8, export_nothing, own), kLater).findings.at(0).some_exported);
}

void leave_whole(Trace&, Traces&) {}

TEST(Diagnose, FindsNothingInTenThousandHealthyTraces) {
  for (const auto& request :
       {MeshRequest{.tracer = MeshTracer::kZipkin},
        MeshRequest{.tracer = MeshTracer::kOpenTelemetry, .own_spans = true}}) {
    const auto diagnosis = diagnose(requests(10'000, leave_whole, request), kLater);
    EXPECT_THAT(summaries(diagnosis), IsEmpty());
    EXPECT_THAT(diagnosis.doubts, IsEmpty());
    EXPECT_EQ(diagnosis.traces, 10'000U);
    EXPECT_EQ(diagnosis.services, 3U);
  }
}

/// A call that api makes on its own at some time.
Trace job(std::uint32_t number, std::uint64_t at_us) {
  Trace whole = mesh_trace({.number = number});
  Trace trace = break_off(whole, "api out");
  set_request_id(trace, "api out", other_id(whole, '9'));
  delay(trace, at_us);
  return trace;
}

/// A client outside that traces and sends its spans to somebody else.
void have_remote_parent(Trace& trace, Traces&) {
  span_at(trace, "gateway").parent_id = *SpanId::from_hex("c0ffee");
}

void be_shared(Trace& trace, Traces&) {
  Span& in = span_at(trace, "greeter in");
  const Span& out = span_at(trace, "api out");
  in.span_id = out.span_id;
  in.parent_id = out.parent_id;
}

/// The call goes on when the request has been answered.
void go_on_later(Trace& trace, Traces&) {
  Span& out = span_at(trace, "api out");
  out.start_unix_ns += 20'000'000;
  out.end_unix_ns += 20'000'000;
}

/// The request is still under way: its own span comes when it ends, the call's is there.
void be_under_way(Trace& trace, Traces&) {
  for (const auto* place : {"gateway", "gateway attempt", "api in"}) remove_span(trace, place);
}

/// Called twice in one trace: the first request has ended, the second one is under way.
void be_called_again(Trace& trace, Traces&) {
  Trace again = mesh_trace({.number = 1000, .own_spans = true});
  remove_span(again, "api in");
  remove_span(again, "api server");
  for (Span& span : again.spans) {
    if (span.name.starts_with("gateway")) continue;
    span.trace_id = trace.id;
    trace.spans.push_back(span);
  }
  const auto first = span_at(trace, "api in");
  set_request_id(trace, "gateway", to_text(*find_attribute(first.attributes, kRequestIdTag)));
}

/// The application hands work to a trace of its own, and says so.
void link_to_the_request(Trace& trace, Traces& traces) {
  Span& server = span_at(trace, "api server");
  server.links.push_back({trace.id, span_at(trace, "api in").span_id});
  traces.push_back(break_off(trace, "api server"));
}

void begin_a_trace_later(Trace& trace, Traces& traces) {
  traces.push_back(break_off(trace, "api server"));
  delay(traces.back(), 20'000);
}

/// A client that says itself what is sampled, whatever the ids say.
void be_decided_by_the_client(Trace& trace, Traces& traces) {
  set_request_id(trace, "gateway", other_id(trace, '4'));
  if (traces.size() % 5 == 0) be_under_way(trace, traces);
}

/// Clients that send one request id with all requests, which overlap.
void share_a_request_id(Trace& trace, Traces&) {
  set_request_id(trace, "gateway", "cccccccc-0000-9000-8000-000000000000");
  span_at(trace, "api in").start_unix_ns -= 20'000'000;
  span_at(trace, "api in").end_unix_ns += 20'000'000;
}

/// The call goes on behind the request, and got its context from somebody else: by a queue.
void go_on_from_a_queue(Trace& trace, Traces& traces) {
  go_on_later(trace, traces);
  span_at(trace, "api out").parent_id = span_at(trace, "gateway attempt").span_id;
}

void be_without_proxies(Trace& trace, Traces&) { trace = testing::hello_trace(trace.id.hex()); }

void have_no_request_ids(Trace& trace, Traces&) {
  for (Span& span : trace.spans) {
    std::erase_if(span.attributes, [](const Attribute& tag) { return tag.key == kRequestIdTag; });
  }
}

TEST(Diagnose, FindsNothingInOtherHealthyTraces) {
  const MeshRequest own{.own_spans = true};
  const std::vector<std::pair<const char*, Traces>> cases{
      {"none", {}},
      {"calls at once", requests(50, leave_whole, {.own_spans = true, .calls = 3})},
      {"attempts", requests(50, leave_whole, {.attempts = 3})},
      {"a client that traces", requests(50, have_remote_parent, own)},
      {"Zipkin's shared spans", requests(50, be_shared)},
      {"calls behind the answer", requests(50, go_on_later, own)},
      {"requests under way", requests(50, be_under_way, own)},
      {"a second request under way", requests(5, be_called_again, own)},
      {"calls behind the answer, from a queue", requests(50, go_on_from_a_queue)},
      {"clients that decide", requests(50, be_decided_by_the_client)},
      {"clients that send one id", requests(50, share_a_request_id)},
      {"traces that link to the request", requests(50, link_to_the_request, own)},
      {"traces that begin behind the answer", requests(5, begin_a_trace_later, own)},
      {"no proxies", requests(50, be_without_proxies)},
      {"no request ids", requests(50, have_no_request_ids)},
  };
  for (const auto& [name, traces] : cases) {
    SCOPED_TRACE(name);
    const auto diagnosis = diagnose(traces, kLater);
    EXPECT_THAT(summaries(diagnosis), IsEmpty());
    EXPECT_THAT(diagnosis.doubts, IsEmpty());
  }
}

void lose_a_call(Trace& trace, Traces& traces) {
  if (traces.size() == 7) (void)break_off(trace, "api out");
}

void lose_a_sidecars_span(Trace& trace, Traces&) { remove_span(trace, "api out"); }

void fail(Trace& trace, Traces&) {
  (void)break_off(trace, "api out");
  span_at(trace, "api client").status = SpanStatus::kError;
}

TEST(Diagnose, CallsWithoutASidecarsSpanMayBeHealthy) {
  const MeshRequest own{.own_spans = true};
  const std::vector<std::pair<const char*, Traces>> cases{
      {"one is lost, out of many", requests(50, lose_a_call, own)},
      {"the sidecar's is lost, what is behind it is there",
       requests(50, lose_a_sidecars_span, own)},
      {"they failed before", requests(50, fail, own)},
  };
  for (const auto& [name, traces] : cases) {
    SCOPED_TRACE(name);
    const auto diagnosis = diagnose(traces, kLater);
    EXPECT_THAT(summaries(diagnosis), IsEmpty());
    EXPECT_THAT(diagnosis.doubts, IsEmpty());
  }
}

void call_past_the_sidecar(Trace& trace, Traces&) { (void)break_off(trace, "api out"); }

TEST(Diagnose, CallsThatTheSidecarNeverRecordsAreADoubt) {
  const auto diagnosis = diagnose(requests(5, call_past_the_sidecar, {.own_spans = true}), kLater);
  EXPECT_THAT(summaries(diagnosis), IsEmpty());
  ASSERT_EQ(diagnosis.doubts.size(), 1U);
  EXPECT_EQ(diagnosis.doubts[0].kind, Doubt::Kind::kUnrecorded);
  EXPECT_EQ(diagnosis.doubts[0].service, "api.default");
  EXPECT_EQ(diagnosis.doubts[0].upstream, "api client");
  EXPECT_EQ(diagnosis.doubts[0].calls, 5U);
}

TEST(Diagnose, JobsOfAServiceAreNoFinding) {
  // 400 requests of 8 ms in 4 s; a job calls each 50 ms, mostly during one of them.
  Traces traces = requests(400, leave_whole);
  for (std::uint32_t i = 0; i < 80; ++i) traces.push_back(job(1000 + i, i * 40'000 - 9'000'000));
  const auto diagnosis = diagnose(traces, kLater);
  EXPECT_THAT(summaries(diagnosis), IsEmpty());
  EXPECT_THAT(diagnosis.doubts, IsEmpty());
}

TEST(Diagnose, KeepsTheEvidence) {
  for (BrokenCase& test : broken_cases()) {
    SCOPED_TRACE(test.name);
    for (Trace& trace : test.traces) keep_evidence(trace);
    EXPECT_THAT(summaries(diagnose(test.traces, kLater)), ElementsAreArray(test.findings));
  }
  Trace trace = mesh_trace({.own_spans = true});
  Span& span = trace.spans[0];
  span.attributes.push_back({"http.url", std::string{"http://x/"}});
  span.events.push_back({.name = "retry"});
  keep_evidence(trace);
  EXPECT_EQ(find_attribute(span.attributes, "http.url"), nullptr);
  EXPECT_TRUE(span.events.empty());
}

TEST(Diagnose, TheNewestTracesAreStillArriving) {
  Traces traces = requests(4, forward_request_id);
  DoctorOptions options = kLater;
  options.now_unix_ns = traces.back().end_unix_ns() + 1'000'000'000;
  auto diagnosis = diagnose(traces, options);
  EXPECT_THAT(summaries(diagnosis), IsEmpty());
  EXPECT_EQ(diagnosis.arriving, 8U);
  EXPECT_EQ(diagnosis.traces, 0U);
  options.settle = std::chrono::milliseconds{500};
  diagnosis = diagnose(traces, options);
  EXPECT_EQ(diagnosis.arriving, 0U);
  EXPECT_EQ(diagnosis.findings.size(), 1U);
}

TEST(Diagnose, LeavesOutTracesThatAreTooLarge) {
  DoctorOptions options = kLater;
  options.spans_per_trace_max = 2;
  const auto diagnosis = diagnose(requests(4, forward_request_id), options);
  EXPECT_EQ(diagnosis.too_large, 4U);
  EXPECT_EQ(diagnosis.traces, 4U);
  EXPECT_THAT(diagnosis.findings, IsEmpty());
}

TEST(Diagnose, OneTraceShowsItsOwnFindingsOnly) {
  Traces traces = requests(3, forward_request_id);
  auto ids = requests(3, change_request_id);
  for (Trace& trace : ids) {
    trace.id.bytes[0] = 0xcc;
    for (Span& span : trace.spans) span.trace_id = trace.id;
    delay(trace, 100'000);
  }
  traces.insert(traces.end(), ids.begin(), ids.end());
  EXPECT_EQ(diagnose(traces, kLater).findings.size(), 2U);

  DoctorOptions options = kLater;
  options.only = traces[0].id;  // the half that the call began
  const auto diagnosis = diagnose(traces, options);
  EXPECT_THAT(summaries(diagnosis),
              ElementsAre("no-context api.default > greeter.default 3/5 zipkin kept"));
  EXPECT_EQ(diagnosis.findings[0].evidence[0].outbound_trace, traces[0].id);
}

TEST(Diagnose, ATraceAskedForAtOnceIsJudgedWithItsOtherHalf) {
  const Traces traces = requests(2, forward_request_id);
  for (const std::size_t asked : {0U, 1U}) {  // the half that the call began, the request's
    DoctorOptions options = kLater;
    options.only = traces[asked].id;
    options.now_unix_ns = traces[asked].end_unix_ns();
    const auto diagnosis = diagnose(traces, options);
    EXPECT_THAT(summaries(diagnosis),
                ElementsAre("no-context api.default > greeter.default 1/1 zipkin kept"));
    EXPECT_EQ(diagnosis.traces, 2U);
    EXPECT_EQ(diagnosis.arriving, 2U);  // those of the other request
    EXPECT_FALSE(diagnosis.is_too_early);
  }
}

TEST(Diagnose, OfATraceThatShowsNothingYetItIsTooEarlyToTell) {
  const Traces traces = requests(2, forward_nothing);
  DoctorOptions options = kLater;
  options.only = traces[1].id;
  options.now_unix_ns = traces[1].end_unix_ns();
  EXPECT_TRUE(diagnose({traces[1]}, options).is_too_early);  // the other half is not there
  EXPECT_TRUE(diagnose(traces, options).is_too_early);       // or nothing connects the two
  options.now_unix_ns += 60'000'000'000;
  EXPECT_FALSE(diagnose({traces[1]}, options).is_too_early);
  options.now_unix_ns = traces[1].end_unix_ns();
  options.only.reset();
  EXPECT_FALSE(diagnose(traces, options).is_too_early);
}

}  // namespace
}  // namespace hal::collector::doctor
