#include <hal/cli/trace_tree.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <hal/cli/terminal_text.hpp>
#include <hal/collector/testing/traces.hpp>

namespace hal::cli {
namespace {

using collector::SpanKind;
using collector::Trace;
using collector::testing::hello_trace;
using collector::testing::make_trace;
using ::testing::HasSubstr;

/// A trace with every kind of trouble.
Trace broken_trace() {
  auto trace = make_trace(
      {{.id = "1", .name = "GET /api/v1/hello/:id", .kind = SpanKind::kServer, .duration_us = 2413},
       {.id = "2",
        .parent = "1",
        .name = "greeter.GreeterService/SayHello",
        .kind = SpanKind::kClient,
        .start_us = 210,
        .duration_us = 1990},
       {.id = "3",
        .parent = "2",
        .name = "retry",
        .start_us = 250,
        .error = "reset by\033[2J peer"},
       {.id = "4", .parent = "2", .name = "again", .start_us = 400, .duration_us = 50},
       {.id = "5",
        .parent = "1",
        .name = "LoginController.Login with a name that will not fit",
        .start_us = 2250,
        .error = "UNAVAILABLE: no node"},
       {.id = "6", .parent = "99", .service = "auth", .name = "Verify", .start_us = 1200},
       {.id = "7", .parent = "99", .service = "auth", .name = "Audit", .start_us = 1250},
       {.id = "8", .parent = "9", .service = "auth", .name = "loop", .start_us = 2000}});
  trace.spans.push_back(
      collector::testing::make_span({.id = "9", .parent = "8", .service = "auth", .name = "loop"}));
  trace.warnings = {"clock skew"};
  return trace;
}

std::string drawn(const Trace& trace, const TraceTreeOptions& options = {}) {
  return "\n" + render_trace(trace, options);
}

TEST(TraceTree, HelloTrace) {
  EXPECT_EQ(drawn(hello_trace()), R"(
trace 4bf92f3577b34da6a3ce929d0e0e4736  3 spans, 2 services, 2.41 ms

  service                span                             kind       time  0                 2.41 ms
  hal9000-api            GET /api/v1/hello/:id            server  2.41 ms  █████████████████████████
  └─ hal9000-api         greeter.GreeterService/SayHello  client  1.99 ms    ████████████████████▉
     └─ hal9000-greeter  greeter.GreeterService/SayHello  server   410 µs           ████▋
)");
}

TEST(TraceTree, HelloTraceInAscii) {
  EXPECT_EQ(drawn(hello_trace(), {.ascii = true}), R"(
trace 4bf92f3577b34da6a3ce929d0e0e4736  3 spans, 2 services, 2.41 ms

  service                span                             kind       time  0                 2.41 ms
  hal9000-api            GET /api/v1/hello/:id            server  2.41 ms  =========================
  `- hal9000-api         greeter.GreeterService/SayHello  client  1.99 ms    =====================
     `- hal9000-greeter  greeter.GreeterService/SayHello  server   410 us           =====
)");
}

TEST(TraceTree, BrokenTrace) {
  EXPECT_EQ(drawn(broken_trace()), R"(
trace 4bf92f3577b34da6a3ce929d0e0e4736  9 spans, 2 services, 2.41 ms, 1 missing parent, 2 errors

  service            span                                    kind         time  0            2.41 ms
  hal9000-api        GET /api/v1/hello/:id                   server    2.41 ms  ████████████████████
  ├─ hal9000-api     greeter.GreeterService/SayHello         client    1.99 ms   ▐████████████████▎
✗ │  ├─ hal9000-api  retry                                   internal   100 µs    █
  │  │     reset by?[2J peer
  │  └─ hal9000-api  again                                   internal  50.0 µs     ▐
✗ └─ hal9000-api     LoginController.Lo…e that will not fit  internal   100 µs                    ▐▌
        UNAVAILABLE: no node
  missing parent 0000000000000099: nobody sent this span
  ├─ auth            Verify                                  internal   100 µs           ▕▉
  └─ auth            Audit                                   internal   100 µs            █▎
  no root: these spans are their own ancestors
  └─ auth            loop                                    internal   100 µs  ▉
     └─ auth         loop                                    internal   100 µs                  ▐▌
  warning: clock skew
)");
}

TEST(TraceTree, NarrowTerminal) {
  EXPECT_EQ(drawn(broken_trace(), {.width = 72}), R"(
trace 4bf92f3577b34da6a3ce929d0e0e4736
  9 spans, 2 services, 2.41 ms, 1 missing parent, 2 errors

  service            span              kind         time  0      2.41 ms
  hal9000-api        GET /ap…ello/:id  server    2.41 ms  ██████████████
  ├─ hal9000-api     greeter…SayHello  client    1.99 ms   ███████████▉
✗ │  ├─ hal9000-api  retry             internal   100 µs   ▐▏
  │  │     reset by?[2J peer
  │  └─ hal9000-api  again             internal  50.0 µs    ▌
✗ └─ hal9000-api     LoginCo… not fit  internal   100 µs               ▊
        UNAVAILABLE: no node
  missing parent 0000000000000099: nobody sent this span
  ├─ auth            Verify            internal   100 µs        ▕▋
  └─ auth            Audit             internal   100 µs         ▐
  no root: these spans are their own ancestors
  └─ auth            loop              internal   100 µs  ▋
     └─ auth         loop              internal   100 µs             ▐▎
  warning: clock skew
)");
}

TEST(TraceTree, Colours) {
  const auto trace = make_trace({{.id = "1", .service = "api", .error = "refused"},
                                 {.id = "2", .parent = "1", .service = "db"}});
  const auto text = render_trace(trace, {.colour = true});
  EXPECT_THAT(text, HasSubstr("\033[1;31m✗\033[0m \033[36mapi\033[0m"));
  EXPECT_THAT(text, HasSubstr("\033[2m└─ \033[0m\033[35mdb\033[0m"));
  EXPECT_THAT(text, HasSubstr("\033[1;31mrefused\033[0m\n"));
  EXPECT_EQ(render_trace(trace).find('\033'), std::string::npos);
}

TEST(TraceTree, ColoursChangeNoColumn) {
  for (const auto& trace : {hello_trace(), broken_trace()}) {
    std::string text = render_trace(trace, {.colour = true});
    for (auto at = text.find('\033'); at != std::string::npos; at = text.find('\033')) {
      text.erase(at, text.find('m', at) - at + 1);
    }
    EXPECT_EQ(text, render_trace(trace));
  }
}

TEST(TraceTree, AFailedSpanWithoutMessageShowsItsBestAttribute) {
  auto trace = make_trace({{.id = "1", .error = "x"}});
  trace.spans[0].status_message.clear();
  trace.spans[0].attributes = {{"http.response.status_code", 503L}};
  EXPECT_THAT(render_trace(trace), HasSubstr("     http.response.status_code 503\n"));
  trace.spans[0].attributes.push_back({"error.type", "timeout"});
  EXPECT_THAT(render_trace(trace), HasSubstr("     error.type timeout\n"));
}

TEST(TraceTree, TwoRootsAreSaid) {
  EXPECT_THAT(render_trace(make_trace({{.id = "1"}, {.id = "2"}})),
              HasSubstr("  2 spans, 1 service, 100 µs, 2 roots\n"));
}

TEST(TraceTree, NoSpans) {
  EXPECT_EQ(render_trace(make_trace({})), "trace 4bf92f3577b34da6a3ce929d0e0e4736  no spans\n");
}

TEST(TraceTree, ManySpansEndWithTheirNumber) {
  Trace trace = make_trace({});
  for (int i = 1; i <= 30; ++i) {
    trace.spans.push_back(collector::testing::make_span({.id = fmt::format("{:x}", i)}));
  }
  const auto text = render_trace(trace, {.rows_max = 10});
  EXPECT_TRUE(text.ends_with("  … 20 more\n")) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 3 + 10 + 1);
}

TEST(TraceTree, NoLineIsWiderThanTheTerminal) {
  Trace deep = make_trace({});
  for (int i = 1; i <= 60; ++i) {
    deep.spans.push_back(
        collector::testing::make_span({.id = fmt::format("{:x}", i),
                                       .parent = i == 1 ? "" : fmt::format("{:x}", i - 1),
                                       .service = "a-service-with-a-long-name",
                                       .name = std::string(static_cast<std::size_t>(i), 'n'),
                                       .kind = SpanKind::kConsumer,
                                       .error = std::string(200, 'e')}));
  }
  for (const auto& trace : {hello_trace(), broken_trace(), deep}) {
    for (const std::size_t width : {10U, 60U, 72U, 80U, 100U, 133U, 250U}) {
      for (const bool ascii : {false, true}) {
        const auto text = render_trace(trace, {.width = width, .ascii = ascii});
        for (std::size_t at = 0; at < text.size();) {
          const auto end = text.find('\n', at);
          const auto line = text.substr(at, end - at);
          EXPECT_LE(display_width(line), std::max<std::size_t>(width, 60)) << line;
          EXPECT_FALSE(line.ends_with(' ')) << '"' << line << '"';
          at = end + 1;
        }
      }
    }
  }
}

}  // namespace
}  // namespace hal::cli
