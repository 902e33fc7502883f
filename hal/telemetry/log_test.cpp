#include <hal/telemetry/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/telemetry/log_writer.hpp>
#include <hal/telemetry/span.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/telemetry/testing/run_traced.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace hal::log {
namespace {

using telemetry::testing::CapturedLogs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr const char* kTime = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z";

TEST(Log, WritesLogfmt) {
  CapturedLogs logs{Format::kText, "api"};
  info("hello {}", "world");
  ASSERT_EQ(logs.lines().size(), 1u);
  EXPECT_THAT(
      logs.lines()[0],
      MatchesRegex(fmt::format("time={} level=info message=\"hello world\" service=api", kTime)));
}

TEST(Log, WritesJson) {
  CapturedLogs logs{Format::kJson, "my api"};
  warn("{} of {}", 1, 2.5);
  ASSERT_EQ(logs.lines().size(), 1u);
  EXPECT_THAT(logs.lines()[0],
              MatchesRegex(fmt::format("\\{{\"time\":\"{}\",\"level\":\"warn\",\"message\":\"1 of "
                                       "2.5\",\"service\":\"my api\"\\}}",
                                       kTime)));
}

TEST(Log, TheFormatMayChangeWhileItRuns) {
  CapturedLogs logs{Format::kText, "api"};
  set_format(Format::kJson);
  info("one");
  set_format(Format::kText);
  info("two");
  ASSERT_EQ(logs.lines().size(), 2u);
  EXPECT_THAT(logs.lines()[0], ::testing::StartsWith("{\"time\":"));
  EXPECT_THAT(logs.lines()[1], ::testing::StartsWith("time="));
}

TEST(Log, EscapesWhatWouldForgeALine) {
  struct Case {
    std::string_view message;
    std::string_view expected;
  };
  const Case cases[] = {
      {"a\nlevel=error", "\"a\\nlevel=error\""},
      {"say \"x\"", "\"say \\\"x\\\"\""},
      {"back\\slash", "\"back\\\\slash\""},
      {"\x1b[31m", "\"\\u001b[31m\""},
      {"bad \xff", "\"bad \uFFFD\""},
      {"grüß", "\"grüß\""},
      {"tab\t\x7f", "\"tab\\u0009\\u007f\""},
  };
  CapturedLogs logs;
  for (const Case& c : cases) {
    info("{}", c.message);
    EXPECT_THAT(logs.lines().back(), HasSubstr(fmt::format("message={}", c.expected)));
  }
  const CapturedLogs odd{Format::kText, "my \"api\""};
  info("x");
  EXPECT_THAT(odd.lines()[0], HasSubstr("service=\"my \\\"api\\\"\""));
}

TEST(Log, CutsALongMessage) {
  const CapturedLogs logs;
  info("{}", std::string(1'000'000, 'x'));
  EXPECT_LT(logs.lines()[0].size(), 70'000u);
}

struct Loud {
  int* formatted;
};

}  // namespace
}  // namespace hal::log

template <>
struct fmt::formatter<hal::log::Loud> : fmt::formatter<int> {
  auto format(const hal::log::Loud& loud, fmt::format_context& context) const {
    ++*loud.formatted;
    return fmt::formatter<int>::format(*loud.formatted, context);
  }
};

namespace hal::log {
namespace {

TEST(Log, LevelsAreSettableAtRunTimeAndOffCostsNothing) {
  const CapturedLogs logs;
  int formatted = 0;
  debug("{}", Loud{&formatted});
  EXPECT_EQ(formatted, 1);
  set_level(Level::kWarn);
  debug("{}", Loud{&formatted});
  info("{}", Loud{&formatted});
  write(Level::kInfo, "{}", Loud{&formatted});
  EXPECT_EQ(formatted, 1);
  warn("{}", Loud{&formatted});
  error("{}", Loud{&formatted});
  EXPECT_EQ(formatted, 3);
  set_level(Level::kOff);
  error("{}", Loud{&formatted});
  EXPECT_EQ(logs.lines().size(), 3u);
  EXPECT_FALSE(enabled(Level::kError));
}

TEST(Log, TheFormerSetupIsBackAfterwards) {
  const CapturedLogs outer;
  {
    const CapturedLogs inner;
    info("inner");
    EXPECT_EQ(inner.count("inner"), 1u);
  }
  info("outer");
  EXPECT_EQ(outer.count("inner"), 0u);
  EXPECT_EQ(outer.count("outer"), 1u);
  EXPECT_EQ(level(), Level::kDebug);
}

/// Slow enough to be found at work by a Setup that goes.
class TimidSink final : public Sink {
 public:
  void write(Level, std::string_view) noexcept override {
    for (int i = 0; i < 10; ++i) std::this_thread::yield();
    if (closed) ++late;
  }
  std::atomic<bool> closed{false};
  std::atomic<int> late{0};
};

class Nowhere final : public Sink {
  void write(Level, std::string_view) noexcept override {}
};

TEST(Log, ASetupGoesWhenNoLineUsesItAnyMore) {
  Nowhere nowhere;  // the other thread writes as long as this one is held up
  const log::Setup outer{{.sink = &nowhere}};
  std::atomic<bool> end{false};
  std::jthread other{[&end] {
    while (!end) info("from another thread");
  }};
  int late = 0;
  for (int i = 0; i < 100; ++i) {
    TimidSink sink;
    {
      const log::Setup setup{{.service = std::string(100, 's'), .sink = &sink}};
      std::this_thread::yield();
    }
    sink.closed = true;
    late += sink.late;
  }
  end = true;
  EXPECT_EQ(late, 0);
}

/// Each line stays until the next one is there, so that with two threads one always is.
class RelaySink final : public Sink {
 public:
  void write(Level, std::string_view) noexcept override {
    const int mine = ++begun;
    while (begun == mine && !end) std::this_thread::yield();
  }
  std::atomic<int> begun{0};
  std::atomic<bool> end{false};
};

TEST(Log, ASetupGoesThoughThereIsALineAtAnyTime) {
  RelaySink relay;
  const log::Setup outer{{.sink = &relay}};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&relay] {
      while (!relay.end) info("one after the other");
    });
  }
  while (relay.begun < 10) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) {
    Nowhere nowhere;
    const log::Setup inner{{.sink = &nowhere}};
  }
  relay.end = true;
}

TEST(Log, ReadsLevelAndFormat) {
  EXPECT_EQ(parse_level("INFO"), Level::kInfo);
  EXPECT_EQ(parse_level("warning"), Level::kWarn);
  EXPECT_EQ(parse_level("off"), Level::kOff);
  EXPECT_EQ(parse_level("loud").error().code(), Code::kInvalidArgument);
  EXPECT_EQ(parse_format("JSON"), Format::kJson);
  EXPECT_EQ(parse_format("text"), Format::kText);
  EXPECT_EQ(parse_format("logfmt"), Format::kText);
  EXPECT_EQ(parse_format("xml").error().code(), Code::kInvalidArgument);
}

Task<Result<SpanContext>> log_in_a_span() {
  info("outside");
  auto span = co_await start_span("n");
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  info("inside");
  co_return span.context();
}

TEST(Log, CarriesTheIdsOfTheCurrentSpanAndNoneOutside) {
  const CapturedLogs logs;
  const telemetry::testing::ManualClock clock;
  telemetry::Tracer tracer{telemetry::testing::test_options(clock)};
  const auto context = telemetry::testing::run_traced(tracer, log_in_a_span);
  ASSERT_TRUE(context);
  info("after");
  const auto lines = logs.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], Not(HasSubstr("trace_id")));
  EXPECT_THAT(lines[1], HasSubstr(fmt::format("trace_id={} span_id={}", context->trace_id.hex(),
                                              context->span_id.hex())));
  EXPECT_THAT(lines[2], Not(HasSubstr("trace_id")));
}

/// A pipe that nobody empties but the test.
struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) ::close(std::exchange(ends[0], -1));
  }
  std::string read_all() {
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::string all;
    char bytes[65536];
    for (ssize_t n; (n = ::read(ends[0], bytes, sizeof bytes)) > 0;) {
      all.append(bytes, static_cast<std::size_t>(n));
    }
    return all;
  }
  int ends[2] = {-1, -1};
};

TEST(LogWriter, WritesWhatIsLeftBeforeItEnds) {
  Pipe pipe;
  {
    Writer writer{{.fd = pipe.ends[1]}};
    const hal::log::Setup setup{{.sink = &writer}};
    for (int i = 0; i < 100; ++i) info("line {}", i);
  }
  const std::string all = pipe.read_all();
  EXPECT_EQ(std::ranges::count(all, '\n'), 100);
  EXPECT_THAT(all, HasSubstr("line 99"));
}

TEST(LogWriter, ABlockedOutputDropsLinesAndNeverBlocks) {
  Pipe pipe;
  std::uint64_t dropped = 0;
  const std::string text(1000, 'x');
  {
    Writer writer{{.fd = pipe.ends[1],
                   .buffer_bytes_max = 100'000,
                   .flush_timeout = std::chrono::milliseconds{0}}};
    for (int i = 0; i < 1000; ++i) writer.write(Level::kInfo, text + "\n");
    dropped = writer.dropped();
  }
  EXPECT_GT(dropped, 500u);  // a pipe holds 64 KiB, the buffers 200,000 bytes
}

TEST(LogWriter, ReportsDroppedLinesOnceTheOutputTakesThemAgain) {
  Pipe pipe;
  Writer writer{{.fd = pipe.ends[1], .buffer_bytes_max = 1000}};
  const hal::log::Setup setup{{.sink = &writer}};
  writer.write(Level::kInfo, std::string(2000, 'x') + "\n");
  EXPECT_EQ(writer.dropped(), 1u);
  info("short");
  std::string all;
  ::pollfd readable{.fd = pipe.ends[0], .events = POLLIN, .revents = 0};
  while (!all.contains("dropped, the output is too slow: 1") && ::poll(&readable, 1, 60'000) > 0) {
    all += pipe.read_all();
  }
  EXPECT_THAT(all, HasSubstr("short"));
  EXPECT_THAT(all, HasSubstr("dropped, the output is too slow: 1"));
}

TEST(LogWriter, AClosedOutputIsNoSignalAndNoEndlessReport) {
  Pipe pipe;
  pipe.close_reader();
  std::uint64_t dropped = 0;
  {
    Writer writer{{.fd = pipe.ends[1]}};
    const hal::log::Setup setup{{.sink = &writer}};
    info("x");
    while ((dropped = writer.dropped()) == 0) std::this_thread::yield();
  }
  EXPECT_EQ(dropped, 1u);
}

}  // namespace
}  // namespace hal::log
