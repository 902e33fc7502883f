// What goes out for what came in: one table over modes, skippers and header formats.
#include <hal/service/layers/trace/trace.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <hal/service/testing/test_call.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <numeric>

namespace hal::layers {
namespace {

using service::Call;
using service::Kind;
using service::testing::TestTerminal;
using telemetry::Mode;
using telemetry::testing::DecodedSpan;

constexpr std::string_view kTrace = "463ac35c9f6413ad48485a3953bb6124";
constexpr std::string_view kSpan = "a2fb4a1d1a96d312";
constexpr std::string_view kOther = "00000000000000000000000000000abc";
constexpr std::string_view kRequestId = "60e82827-a270-470a-8fbd-a38c6f30f478";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// T and S stand for the ids above, in both directions of the table.
std::string expanded(std::string_view text) {
  std::string result{text};
  replace_all(result, "{T}", kTrace);
  replace_all(result, "{S}", kSpan);
  replace_all(result, "{other}", kOther);
  replace_all(result, "{rid}", kRequestId);
  return result;
}

/// What the handler and the client call inside it saw.
struct Seen {
  SpanContext handler{};
  SpanContext client{};
  Headers out{};
};

Task<> note_client(Call& call, Seen* seen) {
  seen->client = (co_await this_context()).span;
  seen->out = *call.request_headers;
}

/// The handler: one call to the next service.
Task<> call_next(const service::Layers* client_layers, Seen* seen) {
  seen->handler = (co_await this_context()).span;
  Headers out{{"host", "greeter"}};
  Call call{.kind = Kind::kClient,
            .method = "GET",
            .path = "/next",
            .peer_host = "greeter",
            .peer_port = 80,
            .request_headers = &out};
  TestTerminal terminal{[seen](Call& sent) { return note_client(sent, seen); }};
  co_await service::testing::run_call(*client_layers, terminal, call);
}

class TraceLayers {
 public:
  explicit TraceLayers(Mode mode, Trace trace = {}, TraceOptions options = {})
      : tracer_{telemetry::testing::test_options(clock_, mode)},
        server_{std::make_shared<ServerTrace>(options, std::move(trace))},
        client_{std::make_shared<ClientTrace>(options)} {}

  Seen serve(Headers in, std::string_view path = "/hello/ww") {
    Seen seen;
    Headers reply;
    Call call{.kind = Kind::kServer,
              .method = "GET",
              .path = path,
              .route = "/hello/:id",
              .peer_host = "10.0.0.7",
              .peer_port = 4321,
              .request_headers = &in,
              .response_headers = &reply};
    TestTerminal terminal{[&](Call&) { return call_next(&client_, &seen); }};
    const auto done = telemetry::testing::run_traced(tracer_, service::testing::run_call_body,
                                                     &server_, &terminal, &call);
    EXPECT_TRUE(done);
    EXPECT_EQ(terminal.calls, 1);
    return seen;
  }

  telemetry::Tracer& tracer() { return tracer_; }

 private:
  telemetry::testing::ManualClock clock_;
  telemetry::Tracer tracer_;
  service::Layers server_;
  service::Layers client_;
};

/// The headers that went out, with names for the ids: T and S came in, N is a new trace, C is the
/// client span; "new9" and "new4" are request ids made here.
std::string described(const Seen& seen) {
  std::string text;
  for (const auto [name, value] : seen.out) {
    if (name == "host") continue;
    if (!text.empty()) text += ' ';
    const bool made = name == "x-request-id" && value != kRequestId && value.size() == 36;
    text += made ? fmt::format("{}=new{}", name, value[14]) : fmt::format("{}={}", name, value);
  }
  replace_all(text, kTrace, "T");
  replace_all(text, kSpan, "S");
  replace_all(text, kRequestId, "rid");
  if (seen.client.valid()) {
    replace_all(text, seen.client.trace_id.hex(), "N");
    replace_all(text, seen.client.span_id.hex(), "C");
  }
  return text;
}

/// "server<S client<server": each span with its parent; a root has none.
std::string described(const std::vector<DecodedSpan>& spans) {
  std::string text;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {  // children end first
    if (!text.empty()) text += ' ';
    text += span->kind == telemetry::Kind::kServer ? "server<" : "client<";
    text += span->parent_id == kSpan ? "S" : span->parent_id;
  }
  for (const auto& span : spans) {
    replace_all(text, span.span_id, span.kind == telemetry::Kind::kServer ? "server" : "client");
  }
  return text;
}

struct Case {
  std::string_view about;
  Mode mode = Mode::kFull;
  bool skipped = false;
  std::initializer_list<Headers::Field> in{};
  std::string_view spans{};
  std::string_view out{};
};

constexpr std::string_view kB3AndW3c =
    "x-b3-traceid=T x-b3-spanid=C x-b3-sampled=1 traceparent=00-T-C-01";
constexpr std::string_view kBoth = "server<S client<server";
constexpr std::string_view kOwn = "server< client<server";

void check(const Case& c) {
  SCOPED_TRACE(c.about);
  TraceLayers layers{c.mode, c.skipped ? Trace{.skip = {path_prefix("/hello")}} : Trace{}};
  Headers in{{"host", "api"}};
  for (const auto& [name, value] : c.in) in.add(name, expanded(value));
  const Seen seen = layers.serve(std::move(in));
  std::string expected{c.out};
  replace_all(expected, "{both}", kB3AndW3c);
  EXPECT_EQ(described(seen), expected);
  const auto spans = telemetry::testing::take_spans(layers.tracer());
  EXPECT_EQ(described(spans), c.spans);
  for (const auto& span : spans) EXPECT_EQ(span.trace_id, seen.client.trace_id.hex());
  if (c.mode == Mode::kFull && !c.skipped) {
    EXPECT_EQ(seen.handler.trace_id, seen.client.trace_id);
    EXPECT_NE(seen.handler.span_id, seen.client.span_id);
    EXPECT_NE(seen.handler.span_id.hex(), kSpan);
  } else {
    EXPECT_EQ(seen.handler, seen.client);
  }
}

TEST(TraceLayers, FullModeContinuesOrStartsATrace) {
  const Case cases[] = {
      {.about = "nothing came in",
       .spans = kOwn,
       .out = "x-b3-traceid=N x-b3-spanid=C x-b3-sampled=1 traceparent=00-N-C-03 "
              "x-request-id=new9"},
      {.about = "B3, with a request id",
       .in = {{"x-b3-traceid", "{T}"},
              {"x-b3-spanid", "{S}"},
              {"x-b3-sampled", "1"},
              {"x-request-id", "{rid}"}},
       .spans = kBoth,
       .out = "{both} x-request-id=rid"},
      {.about = "a parent id of B3 is read, never sent",
       .in = {{"x-b3-traceid", "{T}"},
              {"x-b3-spanid", "{S}"},
              {"x-b3-parentspanid", "1"},
              {"x-b3-sampled", "1"}},
       .spans = kBoth,
       .out = "{both} x-request-id=new9"},
      {.about = "one header b3",
       .in = {{"b3", "{T}-{S}-1-0000000000000001"}, {"x-request-id", "{rid}"}},
       .spans = kBoth,
       .out = "{both} x-request-id=rid"},
      {.about = "traceparent with tracestate and baggage",
       .in = {{"traceparent", "00-{T}-{S}-01"},
              {"tracestate", "a=1"},
              {"tracestate", "b=2"},
              {"baggage", "user=7"},
              {"x-request-id", "{rid}"}},
       .spans = kBoth,
       .out = "{both} tracestate=a=1,b=2 x-request-id=rid baggage=user=7"},
      {.about = "an empty tracestate is not sent on",
       .in = {{"traceparent", "00-{T}-{S}-01"}, {"tracestate", ""}, {"x-request-id", "{rid}"}},
       .spans = kBoth,
       .out = "{both} x-request-id=rid"},
      {.about = "a fresh B3 hides a stale traceparent and its tracestate",
       .in = {{"x-b3-traceid", "{T}"},
              {"x-b3-spanid", "{S}"},
              {"x-b3-parentspanid", "1"},
              {"x-b3-sampled", "1"},
              {"traceparent", "00-{other}-0000000000000001-01"},
              {"tracestate", "a=1"}},
       .spans = kBoth,
       .out = "{both} x-request-id=new9"},
      {.about = "the request id is passed on byte for byte, whatever it is",
       .in = {{"traceparent", "00-{T}-{S}-01"}, {"x-request-id", "Not a UUID/7"}},
       .spans = kBoth,
       .out = "{both} x-request-id=Not a UUID/7"},
      {.about = "a format of others passes through",
       .in = {{"traceparent", "00-{T}-{S}-01"}, {"sw8", "1-x"}, {"x-request-id", "{rid}"}},
       .spans = kBoth,
       .out = "sw8=1-x {both} x-request-id=rid"},
  };
  for (const Case& c : cases) check(c);
}

TEST(TraceLayers, FullModeKeepsTheSamplingDecision) {
  const Case cases[] = {
      {.about = "denied by traceparent",
       .in = {{"traceparent", "00-{T}-{S}-00"}},
       .out = "x-b3-traceid=T x-b3-spanid=C x-b3-sampled=0 traceparent=00-T-C-00 "
              "x-request-id=new4"},
      {.about = "denied without ids: a new trace, not recorded",
       .in = {{"b3", "0"}},
       .out = "x-b3-traceid=N x-b3-spanid=C x-b3-sampled=0 traceparent=00-N-C-02 "
              "x-request-id=new4"},
      {.about = "accepted without ids",
       .in = {{"x-b3-sampled", "1"}},
       .spans = kOwn,
       .out = "x-b3-traceid=N x-b3-spanid=C x-b3-sampled=1 traceparent=00-N-C-03 "
              "x-request-id=new9"},
      {.about = "deferred: the sampler decides, and says so",
       .in = {{"x-b3-traceid", "{T}"}, {"x-b3-spanid", "{S}"}},
       .spans = kBoth,
       .out = "{both} x-request-id=new9"},
      {.about = "debug",
       .in = {{"x-b3-traceid", "{T}"}, {"x-b3-spanid", "{S}"}, {"x-b3-flags", "1"}},
       .spans = kBoth,
       .out = "x-b3-traceid=T x-b3-spanid=C x-b3-sampled=1 x-b3-flags=1 traceparent=00-T-C-01 "
              "x-request-id=new9"},
  };
  for (const Case& c : cases) check(c);
}

TEST(TraceLayers, ForwardModeAndSkippedCallsPassTheContextOn) {
  struct Row {
    std::string_view about;
    std::initializer_list<Headers::Field> in;
    std::string_view out;
  };
  const Row rows[] = {
      {"nothing came in: a request id only", {}, "x-request-id=new4"},
      {"B3",
       {{"x-b3-traceid", "{T}"},
        {"x-b3-spanid", "{S}"},
        {"x-b3-parentspanid", "1"},
        {"x-b3-sampled", "1"}},
       "x-b3-traceid=T x-b3-spanid=S x-b3-sampled=1 traceparent=00-T-S-01 x-request-id=new9"},
      {"traceparent, tracestate, baggage",
       {{"traceparent", "00-{T}-{S}-01"},
        {"tracestate", "a=1"},
        {"baggage", "k=v"},
        {"x-request-id", "{rid}"}},
       "x-b3-traceid=T x-b3-spanid=S x-b3-sampled=1 traceparent=00-T-S-01 tracestate=a=1 "
       "x-request-id=rid baggage=k=v"},
      {"deferred stays so: no x-b3-sampled, and no traceparent where none came in",
       {{"x-b3-traceid", "{T}"}, {"x-b3-spanid", "{S}"}, {"x-request-id", "{rid}"}},
       "x-b3-traceid=T x-b3-spanid=S x-request-id=rid"},
      {"debug",
       {{"b3", "{T}-{S}-d"}, {"x-request-id", "{rid}"}},
       "x-b3-traceid=T x-b3-spanid=S x-b3-sampled=1 x-b3-flags=1 traceparent=00-T-S-01 "
       "x-request-id=rid"},
      {"a decision alone", {{"b3", "0"}}, "x-b3-sampled=0 x-request-id=new4"},
      {"nothing of a malformed context", {{"traceparent", "00-x"}}, "x-request-id=new4"},
  };
  for (const Row& row : rows) {
    check({.about = row.about, .mode = Mode::kForward, .in = row.in, .out = row.out});
    check({.about = row.about, .skipped = true, .in = row.in, .out = row.out});
  }
}

TEST(TraceLayers, OffModeKeepsTheRequestIdAndWarnsOnce) {
  const telemetry::testing::CapturedLogs logs;
  check({.about = "nothing", .mode = Mode::kOff, .out = "x-request-id=new4"});
  EXPECT_EQ(logs.count("HAL_TRACE_MODE=off"), 0u);
  TraceLayers layers{Mode::kOff};
  for (int i = 0; i < 3; ++i) {
    const Seen seen = layers.serve({{"traceparent", expanded("00-{T}-{S}-01")},
                                    {"tracestate", "a=1"},
                                    {"baggage", "k=v"},
                                    {"x-request-id", kRequestId}});
    EXPECT_EQ(described(seen), "x-request-id=rid");
  }
  EXPECT_EQ(logs.count("HAL_TRACE_MODE=off"), 1u);
  EXPECT_EQ(layers.tracer().pending(), 0u);
}

TEST(TraceLayers, OffModeParsesNoTraceHeader) {
  TraceLayers layers{Mode::kOff};
  (void)layers.serve({{"traceparent", "00-x"}, {"b3", "x"}, {"grpc-trace-bin", "x"}});
  for (const auto restarts : layers.tracer().counters().restarts) EXPECT_EQ(restarts, 0u);
}

TEST(TraceLayers, B3ThatNoPropagatorWritesIsToldOnce) {
  struct Row {
    wire::InjectOptions inject;
    Headers in;
    std::size_t lines;
  };
  const Headers b3{{"x-b3-traceid", kTrace}, {"x-b3-spanid", kSpan}};
  const Row rows[] = {
      {{.b3_multi = false}, b3, 1},
      {{.b3_multi = false}, {{"b3", "0"}}, 1},
      {{.b3_multi = false}, {{"traceparent", expanded("00-{T}-{S}-01")}}, 0},
      {{.b3_multi = false, .b3_single = true}, b3, 0},
      {{}, b3, 0},
      {{.trace_context = false}, {{"traceparent", expanded("00-{T}-{S}-01")}}, 1},
      {{.trace_context = false}, b3, 0},
      {{}, {{"traceparent", expanded("00-{T}-{S}-01")}}, 0},
  };
  for (const Mode mode : {Mode::kFull, Mode::kForward}) {
    for (const Row& row : rows) {
      const telemetry::testing::CapturedLogs logs;
      TraceLayers layers{mode, {}, {.inject = row.inject}};
      for (int i = 0; i < 3; ++i) (void)layers.serve(row.in);
      EXPECT_EQ(logs.count("OTEL_PROPAGATORS"), row.lines);
    }
  }
}

TEST(TraceLayers, AGuessBetweenTracesIsToldOnce) {
  const Headers two_traces{
      {"b3", expanded("{T}-{S}-1")},
      {"traceparent", "00-33333333333333334444444444444444-5555555555555555-01"}};
  for (const auto provider : {wire::MeshProvider::kAuto, wire::MeshProvider::kW3c}) {
    const telemetry::testing::CapturedLogs logs;
    TraceLayers layers{Mode::kForward, {}, {.extract = {.provider = provider}}};
    for (int i = 0; i < 3; ++i) (void)layers.serve(two_traces);
    EXPECT_EQ(logs.count("HAL_MESH_PROVIDER"), provider == wire::MeshProvider::kAuto ? 1U : 0U);
  }
}

TEST(TraceLayers, AMalformedContextRestartsTheTraceAndIsCounted) {
  struct Row {
    Headers in;
    wire::RejectReason reason;
  };
  const Row rows[] = {
      {{{"traceparent", "00-x"}, {"tracestate", "a=1"}}, wire::RejectReason::kTraceparent},
      {{{"x-b3-traceid", "xyz"}, {"x-b3-spanid", kSpan}}, wire::RejectReason::kB3Multi},
      {{{"x-b3-traceid", kTrace}}, wire::RejectReason::kB3Incomplete},
      {{{"x-b3-traceid", std::string(32, '0')}, {"x-b3-spanid", std::string(16, '0')}},
       wire::RejectReason::kZeroId},
  };
  for (const Row& row : rows) {
    TraceLayers layers{Mode::kFull};
    const Seen seen = layers.serve(row.in);
    EXPECT_EQ(described(seen),
              "x-b3-traceid=N x-b3-spanid=C x-b3-sampled=1 traceparent=00-N-C-03 "
              "x-request-id=new9");
    const auto& restarts = layers.tracer().counters().restarts;
    EXPECT_EQ(restarts[static_cast<std::size_t>(row.reason)], 1u);
    EXPECT_EQ(std::accumulate(restarts.begin(), restarts.end(), std::uint64_t{0}), 1u);
    EXPECT_EQ(described(telemetry::testing::take_spans(layers.tracer())), kOwn);
  }
  // A malformed format beside a good one restarts nothing.
  TraceLayers layers{Mode::kFull};
  (void)layers.serve({{"b3", "x"}, {"x-b3-traceid", kTrace}, {"x-b3-spanid", kSpan}});
  const auto& restarts = layers.tracer().counters().restarts;
  EXPECT_EQ(std::accumulate(restarts.begin(), restarts.end(), std::uint64_t{0}), 0u);
}

TEST(TraceLayers, OptionsReachBothSides) {
  TraceLayers layers{Mode::kFull,
                     {},
                     {.extract = {.forward_headers = {"x-tenant"}},
                      .inject = {.b3_multi = false,
                                 .trace_context = true,
                                 .baggage = false,
                                 .b3_single = true,
                                 .jaeger = true}}};
  const Seen seen = layers.serve({{"traceparent", expanded("00-{T}-{S}-01")},
                                  {"x-tenant", "blue"},
                                  {"x-secret", "no"},
                                  {"baggage", "k=v"},
                                  {"x-request-id", kRequestId}});
  EXPECT_EQ(described(seen),
            "x-tenant=blue b3=T-C-1 traceparent=00-T-C-01 uber-trace-id=T:C:0:1 x-request-id=rid");
}

TEST(TraceLayers, ASkipperPicksByPathAndMethod) {
  const Headers none;
  const auto call = [](std::string_view method, std::string_view path) {
    return Call{.method = method, .path = path};
  };
  EXPECT_TRUE(path_prefix("/healthz")(call("GET", "/healthz/live")));
  EXPECT_FALSE(path_prefix("/healthz")(call("GET", "/api")));
  EXPECT_FALSE(not_path_prefix("/api")(call("GET", "/api/v1")));
  EXPECT_TRUE(not_path_prefix("/api")(call("GET", "/")));
  EXPECT_TRUE(method_and_path_prefix("GET", "/a")(call("GET", "/ab")));
  EXPECT_FALSE(method_and_path_prefix("GET", "/a")(call("POST", "/ab")));
  EXPECT_FALSE(method_and_path_prefix("GET", "/a")(call("GET", "/b")));

  TraceLayers layers{Mode::kFull, {.skip = {path_prefix("/a"), path_prefix("/b")}}};
  (void)layers.serve({}, "/b");
  EXPECT_EQ(layers.tracer().pending(), 0u);
  (void)layers.serve({}, "/c");
  EXPECT_EQ(layers.tracer().pending(), 2u);
}

TEST(TraceLayers, WithTraceConfiguresTheServersLayer) {
  const service::LayerPtr other = std::make_shared<UntracedCall>();
  const service::LayerPtr server = std::make_shared<ServerTrace>(TraceOptions{});
  const auto layers = with_trace({other, server, other}, Trace{.skip = {path_prefix("/")}});
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0], other);
  EXPECT_NE(layers[1], server);
  EXPECT_EQ(layers[2], other);
  EXPECT_TRUE(with_trace({}, {}).empty());

  telemetry::testing::ManualClock clock;
  telemetry::Tracer tracer{telemetry::testing::test_options(clock)};
  const auto serve = [&](const service::Layers& with) {
    Headers in;
    Call call{.method = "GET", .path = "/x", .request_headers = &in};
    TestTerminal terminal;
    (void)telemetry::testing::run_traced(tracer, service::testing::run_call_body, &with, &terminal,
                                         &call);
    return tracer.pending();
  };
  EXPECT_EQ(serve({layers[1]}), 0u);
  EXPECT_EQ(serve({server}), 1u);  // the layer it was made from is as it was
}

}  // namespace
}  // namespace hal::layers
