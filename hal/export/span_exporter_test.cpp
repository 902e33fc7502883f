#include <hal/export/span_exporter.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/export/otlp_http.hpp>
#include <hal/export/otlp_response.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>
#include <hal/wire/trace_formats.hpp>

#include <deque>

#include <fmt/format.h>
#include <hal/internal/otlp.pb.h>

namespace hal::exporter {
namespace {

using namespace std::chrono_literals;
using telemetry::Mode;
using telemetry::Tracer;
using telemetry::testing::decode_request;
using ::testing::ElementsAre;

constexpr std::size_t kBatch = 4;
const std::string kEndpoint = "http://collector:4318/v1/traces";

struct Received {
  std::string url{};
  Headers headers{};
  std::string body{};
  TimePoint time{};
};

/// Answers 200 unless the test says something else.
class FakeCollector final : public HttpPost {
 public:
  Task<Result<HttpReply>> post(const std::string& url, const Headers& headers,
                               std::string body) override {
    const Context& context = co_await this_context();
    received.push_back({.url = url, .headers = headers, .body = body, .time = context.loop->now()});
    EXPECT_EQ(context.tracer, nullptr);
    while (hangs) co_await or_return(co_await changed.wait());
    if (replies.empty()) co_return HttpReply{.status = 200};
    auto reply = std::move(replies.front());
    replies.pop_front();
    co_return reply;
  }
  void go_on() {
    hangs = false;
    changed.wake_all();
  }

  bool hangs = false;
  WaitQueue changed;
  std::vector<Received> received;
  std::deque<Result<HttpReply>> replies;
};

std::string partial_success(std::int64_t rejected, std::string message) {
  internal::otlp::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(rejected);
  response.mutable_partial_success()->set_error_message(std::move(message));
  return response.SerializeAsString();
}

Task<> run_exporter(SpanExporter* exporter, Tracer* tracer) { co_await exporter->run(*tracer); }

Task<> make_spans(int count) {
  for (int i = 0; i < count; ++i) auto span = co_await start_span(fmt::format("span {}", i));
  co_return;
}

Task<> flush_into(SpanExporter* exporter, Tracer* tracer, std::optional<Result<>>* out) {
  out->emplace(co_await exporter->flush(*tracer));
}

class SpanExporterTest : public ::testing::Test {
 protected:
  explicit SpanExporterTest(Mode mode = Mode::kFull, Duration retry_base = 0s)
      : retry_base_{retry_base}, tracer_{tracer_options(mode)} {
    background_.context().tracer = &tracer_;
    background_.spawn(run_exporter, &exporter_, &tracer_);
  }
  ~SpanExporterTest() override { end_run(); }

  SpanExporterOptions options() const {
    return {.endpoint = kEndpoint,
            .timeout = 10s,
            .retry_base = retry_base_,
            .schedule_delay = 5s,
            .flush_max = 3s,
            .log_interval = 60s};
  }
  telemetry::TracerOptions tracer_options(Mode mode) {
    auto options = telemetry::testing::test_options(clock_, mode);
    options.batch_spans = kBatch;
    return options;
  }
  std::shared_ptr<SpanSender> make_sender() {
    const telemetry::Attribute resource[]{{"service.name", "greeter"}};
    collector_ = std::make_shared<FakeCollector>();
    return make_otlp_http_sender(kEndpoint, {{"x-tenant", "blue"}}, resource, collector_);
  }

  void record(int spans) {
    background_.spawn(make_spans, spans);
    loop_.run_ready();
  }
  void end_run() {
    background_.cancel({Code::kCancelled, "the worker stops"});
    loop_.run_until([this] { return background_.active() == 0; });
  }
  /// Nothing until the flush has ended.
  const std::optional<Result<>>& start_flush() {
    background_.spawn(flush_into, &exporter_, &tracer_, &flushed_);
    loop_.run_ready();
    return flushed_;
  }
  std::vector<std::size_t> spans_per_request() const {
    std::vector<std::size_t> sizes;
    for (const auto& request : collector_->received) {
      sizes.push_back(decode_request(request.body).size());
    }
    return sizes;
  }

  const Duration retry_base_;
  const telemetry::testing::CapturedLogs logs_;
  telemetry::testing::ManualClock clock_;
  hal::testing::ManualLoop loop_;
  Tracer tracer_;
  std::shared_ptr<FakeCollector> collector_;
  SpanExporter exporter_{options(), make_sender()};
  Scope background_{Context{.loop = &loop_}};
  std::optional<Result<>> flushed_;
};

TEST_F(SpanExporterTest, SendsAFullBatchAtOnceAndTheRestByTheTimer) {
  const TimePoint start = loop_.now();
  record(2 * kBatch + 1);
  EXPECT_THAT(spans_per_request(), ElementsAre(kBatch, kBatch));
  EXPECT_EQ(tracer_.pending(), 1u);
  loop_.advance(5s);
  EXPECT_THAT(spans_per_request(), ElementsAre(kBatch, kBatch, 1u));
  EXPECT_EQ(collector_->received[1].time, start);
  EXPECT_EQ(collector_->received[2].time, start + 5s);
  EXPECT_EQ(exporter_.counters().batches_exported, 3u);
  EXPECT_EQ(exporter_.counters().spans_exported, 2 * kBatch + 1);
  EXPECT_EQ(exporter_.counters().spans_failed, 0u);
  EXPECT_TRUE(logs_.lines().empty());
}

TEST_F(SpanExporterTest, SendsNothingWhenThereIsNothing) {
  loop_.advance(1min);
  EXPECT_TRUE(collector_->received.empty());
  EXPECT_EQ(exporter_.counters().batches_exported, 0u);
}

TEST_F(SpanExporterTest, TheRequestIsOtlp) {
  record(1);
  loop_.advance(5s);
  ASSERT_EQ(collector_->received.size(), 1u);
  const Received& got = collector_->received[0];
  EXPECT_EQ(got.url, "http://collector:4318/v1/traces");
  EXPECT_EQ(got.headers.get("content-type"), "application/x-protobuf");
  EXPECT_EQ(got.headers.get("user-agent"), "OTel-OTLP-Exporter-hal9000");
  EXPECT_EQ(got.headers.get("x-tenant"), "blue");

  internal::otlp::ExportTraceServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(got.body));
  ASSERT_EQ(request.resource_spans_size(), 1);
  const auto& resource = request.resource_spans(0).resource();
  ASSERT_EQ(resource.attributes_size(), 1);
  EXPECT_EQ(resource.attributes(0).key(), "service.name");
  EXPECT_EQ(resource.attributes(0).value().string_value(), "greeter");
  ASSERT_EQ(request.resource_spans(0).scope_spans_size(), 1);
  EXPECT_EQ(request.resource_spans(0).scope_spans(0).scope().name(), "hal9000");
  ASSERT_EQ(request.resource_spans(0).scope_spans(0).spans_size(), 1);
  EXPECT_EQ(request.resource_spans(0).scope_spans(0).spans(0).name(), "span 0");
}

TEST_F(SpanExporterTest, EveryRequestIsGuardedAgainstTracesOfItsOwn) {
  record(2 * kBatch);
  loop_.advance(1min);
  ASSERT_EQ(collector_->received.size(), 2u);  // the exports made no spans
  for (const Received& got : collector_->received) {
    EXPECT_EQ(got.headers.get("x-b3-sampled"), "0");
    const auto parent = wire::parse_traceparent(*got.headers.get("traceparent"));
    EXPECT_TRUE(parent.context.valid());
    EXPECT_EQ(parent.context.sampling, Sampling::kDenied);
    EXPECT_FALSE(got.headers.contains("x-b3-traceid"));
    EXPECT_FALSE(got.headers.contains("x-request-id"));
  }
}

TEST_F(SpanExporterTest, ASlowCollectorHoldsUpNobodyButTheExporter) {
  collector_->hangs = true;
  record(kBatch);
  record(3 * kBatch);
  EXPECT_EQ(collector_->received.size(), 1u);
  EXPECT_EQ(tracer_.pending(), 3 * kBatch);
  collector_->go_on();
  loop_.run_ready();
  EXPECT_THAT(spans_per_request(), ElementsAre(kBatch, kBatch, kBatch, kBatch));
}

TEST_F(SpanExporterTest, ACollectorThatNeverAnswersCostsOneBatchPerTimeout) {
  collector_->hangs = true;
  record(kBatch);
  loop_.advance(10s);
  EXPECT_EQ(exporter_.counters().batches_failed, 1u);
  EXPECT_EQ(exporter_.counters().spans_failed, kBatch);
  EXPECT_EQ(logs_.count("http://collector:4318/v1/traces: deadline exceeded"), 1u);
}

TEST_F(SpanExporterTest, LostBatchesAreCountedAndLoggedOncePerIntervalAndKind) {
  for (int i = 0; i < 3; ++i) {
    collector_->replies.push_back(error(Code::kUnavailable, "connection refused"));
    collector_->replies.push_back(HttpReply{.status = 503});
  }
  record(6 * kBatch);
  EXPECT_EQ(exporter_.counters().batches_failed, 6u);
  EXPECT_EQ(exporter_.counters().spans_failed, 6 * kBatch);
  EXPECT_EQ(logs_.count("connection refused (4 spans lost in 1 batches)"), 1u);
  EXPECT_EQ(logs_.count("answers 503 (4 spans lost in 1 batches)"), 1u);
  EXPECT_EQ(logs_.lines().size(), 2u);

  loop_.advance(60s);
  collector_->replies.push_back(error(Code::kUnavailable, "connection refused"));
  record(kBatch);
  EXPECT_EQ(logs_.count("connection refused (12 spans lost in 3 batches)"), 1u);
  EXPECT_EQ(logs_.lines().size(), 3u);

  record(2 * kBatch);
  EXPECT_EQ(exporter_.counters().batches_exported, 2u);
  EXPECT_EQ(logs_.count("works again"), 1u);
  EXPECT_EQ(logs_.lines().size(), 4u);
}

TEST_F(SpanExporterTest, WhatTheCollectorRejectsIsCountedAndLogged) {
  collector_->replies.push_back(HttpReply{.status = 200, .body = partial_success(3, "too old")});
  record(kBatch);
  EXPECT_EQ(exporter_.counters().batches_exported, 1u);
  EXPECT_EQ(exporter_.counters().spans_exported, 1u);
  EXPECT_EQ(exporter_.counters().spans_failed, 3u);
  EXPECT_EQ(logs_.count("the collector says: too old (3 spans lost in 1 batches)"), 1u);
}

TEST_F(SpanExporterTest, FlushSendsWhatIsPending) {
  record(2);
  const auto& flushed = start_flush();
  ASSERT_TRUE(flushed.has_value());
  EXPECT_TRUE(flushed->has_value());
  EXPECT_THAT(spans_per_request(), ElementsAre(2u));
  EXPECT_EQ(tracer_.pending(), 0u);
}

TEST_F(SpanExporterTest, FlushWaitsForWhatRunIsSending) {
  collector_->hangs = true;
  record(kBatch);
  const auto& flushed = start_flush();
  EXPECT_FALSE(flushed.has_value());
  collector_->go_on();
  loop_.run_ready();
  ASSERT_TRUE(flushed.has_value());
  EXPECT_TRUE(flushed->has_value());
  EXPECT_EQ(exporter_.counters().spans_exported, kBatch);
}

TEST_F(SpanExporterTest, FlushEndsInTimeAndCountsWhatIsLeft) {
  end_run();
  collector_->hangs = true;
  Scope later{Context{.loop = &loop_, .tracer = &tracer_}};
  later.spawn(make_spans, static_cast<int>(3 * kBatch + 1));
  later.spawn(flush_into, &exporter_, &tracer_, &flushed_);
  loop_.advance(2s);
  EXPECT_FALSE(flushed_.has_value());
  loop_.advance(1s);
  ASSERT_TRUE(flushed_.has_value());
  EXPECT_EQ(flushed_->error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(exporter_.counters().spans_failed, 3 * kBatch + 1);
  EXPECT_EQ(exporter_.counters().batches_failed, 4u);
  EXPECT_EQ(tracer_.pending(), 0u);
}

TEST_F(SpanExporterTest, FlushTellsTheFirstFailureAndTriesTheRest) {
  end_run();
  collector_->replies.push_back(HttpReply{.status = 400});
  Scope later{Context{.loop = &loop_, .tracer = &tracer_}};
  later.spawn(make_spans, static_cast<int>(2 * kBatch));
  later.spawn(flush_into, &exporter_, &tracer_, &flushed_);
  loop_.run_ready();
  ASSERT_TRUE(flushed_.has_value());
  EXPECT_EQ(flushed_->error(), (Status{Code::kUnavailable, "the collector answers 400"}));
  EXPECT_EQ(exporter_.counters().batches_exported, 1u);
}

class RetryingExporterTest : public SpanExporterTest {
 protected:
  RetryingExporterTest() : SpanExporterTest{Mode::kFull, 1s} {}
  Duration between(std::size_t first, std::size_t second) const {
    return collector_->received[second].time - collector_->received[first].time;
  }
};

TEST_F(RetryingExporterTest, SendsTheSameBatchAgainUntilItIsTaken) {
  for (const int status : {429, 502, 503}) {
    collector_->replies.push_back(HttpReply{.status = status});
  }
  record(kBatch);
  loop_.advance(9s);
  ASSERT_EQ(collector_->received.size(), 4u);
  for (const auto& request : collector_->received) {
    EXPECT_EQ(request.body, collector_->received[0].body);
  }
  EXPECT_GE(between(0, 1), 800ms);
  EXPECT_LE(between(0, 1), 1200ms);
  EXPECT_GE(between(1, 2), 1200ms);
  EXPECT_EQ(exporter_.counters().batches_exported, 1u);
  EXPECT_EQ(exporter_.counters().spans_failed, 0u);
  EXPECT_TRUE(logs_.lines().empty());
}

TEST_F(RetryingExporterTest, KeepsToRetryAfter) {
  collector_->replies.push_back(HttpReply{.status = 503, .headers = {{"retry-after", "4"}}});
  record(kBatch);
  loop_.advance(9s);
  ASSERT_EQ(collector_->received.size(), 2u);
  EXPECT_EQ(between(0, 1), 4s);
}

TEST_F(RetryingExporterTest, ADateIsByTheCollectorsClock) {
  collector_->replies.push_back(
      HttpReply{.status = 503,
                .headers = {{"date", "Sun, 06 Nov 1994 23:59:58 GMT"},
                            {"retry-after", "Mon, 07 Nov 1994 00:00:03 GMT"}}});
  record(kBatch);
  loop_.advance(9s);
  ASSERT_EQ(collector_->received.size(), 2u);
  EXPECT_EQ(between(0, 1), 5s);
}

TEST_F(RetryingExporterTest, NoTimeAtAllIsNoReasonToHurry) {
  for (const char* now : {"0", "Sun, 06 Nov 1994 08:49:37 GMT", "never"}) {
    collector_->replies.push_back(HttpReply{.status = 503, .headers = {{"retry-after", now}}});
  }
  record(kBatch);
  loop_.advance(9s);
  ASSERT_EQ(collector_->received.size(), 4u);
  EXPECT_GE(between(0, 1), 800ms);
  EXPECT_GE(between(1, 2), 1200ms);
}

TEST_F(RetryingExporterTest, ALongRetryAfterIsWaitedOutByWhatComesNext) {
  collector_->replies.push_back(HttpReply{.status = 429, .headers = {{"retry-after", "60"}}});
  record(3 * kBatch + 1);
  loop_.advance(59s);
  EXPECT_EQ(collector_->received.size(), 1u) << "nothing is sent before its time";
  EXPECT_EQ(exporter_.counters().batches_failed, 1u) << "the batch's own time is over";
  EXPECT_EQ(tracer_.pending(), 2 * kBatch + 1);
  loop_.advance(6s);
  EXPECT_EQ(collector_->received.size(), 4u);
  EXPECT_EQ(between(0, 1), 60s);
  EXPECT_EQ(between(1, 2), 0s);
  EXPECT_EQ(exporter_.counters().spans_exported, 2 * kBatch + 1);
}

TEST_F(RetryingExporterTest, ALongRetryAfterFillsTheQueueWhichIsCounted) {
  collector_->replies.push_back(HttpReply{.status = 429, .headers = {{"retry-after", "3600"}}});
  const auto fits = tracer_.options().queue_spans_max;
  record(kBatch);
  record(static_cast<int>(fits + 7));
  EXPECT_EQ(tracer_.pending(), fits);
  EXPECT_EQ(tracer_.counters().spans_dropped, 7u);
  loop_.advance(9min + 59s);
  EXPECT_EQ(collector_->received.size(), 1u);
  loop_.advance(1s);
  EXPECT_EQ(between(0, 1), 10min) << "the longest that it may ask for";
  EXPECT_EQ(tracer_.pending(), 0u);
}

TEST_F(RetryingExporterTest, AFlushDoesNotWaitForTheCollectorsTime) {
  collector_->replies.push_back(HttpReply{.status = 429, .headers = {{"retry-after", "60"}}});
  record(2 * kBatch);
  loop_.advance(10s);
  ASSERT_EQ(collector_->received.size(), 1u);
  record(1);
  const auto& flushed = start_flush();
  ASSERT_TRUE(flushed.has_value());
  EXPECT_TRUE(flushed->has_value());
  EXPECT_EQ(exporter_.counters().spans_exported, kBatch + 1);
}

TEST_F(RetryingExporterTest, AStopEndsTheWaitForTheCollectorsTime) {
  collector_->replies.push_back(HttpReply{.status = 429, .headers = {{"retry-after", "60"}}});
  record(2 * kBatch);
  const TimePoint start = loop_.now();
  end_run();
  EXPECT_EQ(loop_.now(), start);
  EXPECT_EQ(tracer_.pending(), kBatch);
}

TEST_F(RetryingExporterTest, GivesUpWhenItsTimeIsOver) {
  for (int i = 0; i < 20; ++i) {
    collector_->replies.push_back(error(Code::kUnavailable, "connection refused"));
  }
  record(kBatch);
  loop_.advance(10s);
  EXPECT_EQ(exporter_.counters().batches_failed, 1u);
  EXPECT_GE(collector_->received.size(), 4u);
  EXPECT_EQ(logs_.count("connection refused (4 spans lost in 1 batches)"), 1u);
}

TEST_F(RetryingExporterTest, OtherAnswersAreFinal) {
  for (const int status : {400, 401, 404, 413, 500}) {
    collector_->replies.push_back(HttpReply{.status = status});
    record(kBatch);
    loop_.advance(10s);
  }
  EXPECT_EQ(collector_->received.size(), 5u);
  EXPECT_EQ(exporter_.counters().batches_failed, 5u);
}

TEST_F(RetryingExporterTest, AFlushEndsTheWaitingForARetry) {
  collector_->replies.push_back(HttpReply{.status = 503, .headers = {{"retry-after", "9"}}});
  record(kBatch);
  ASSERT_EQ(collector_->received.size(), 1u);
  const auto& flushed = start_flush();
  ASSERT_TRUE(flushed.has_value());
  EXPECT_TRUE(flushed->has_value());
  EXPECT_EQ(exporter_.counters().batches_exported, 1u);
}

class ForwardingExporterTest : public SpanExporterTest {
 protected:
  ForwardingExporterTest() : SpanExporterTest{Mode::kForward} {}
};

TEST_F(ForwardingExporterTest, HasNothingToExport) {
  record(3 * kBatch);
  loop_.advance(1min);
  const auto& flushed = start_flush();
  ASSERT_TRUE(flushed.has_value());
  EXPECT_TRUE(flushed->has_value());
  EXPECT_TRUE(collector_->received.empty());
}

TEST(PartialSuccess, IsReadFromTheResponse) {
  EXPECT_EQ(parse_partial_success("").rejected_spans, 0u);
  EXPECT_EQ(parse_partial_success("{\"not\": \"protobuf\"}").message, "");
  EXPECT_EQ(parse_partial_success(partial_success(7, "why")).rejected_spans, 7u);
  EXPECT_EQ(parse_partial_success(partial_success(-7, "why")).rejected_spans, 0u);
  EXPECT_EQ(parse_partial_success(partial_success(0, "careful")).message, "careful");
}

}  // namespace
}  // namespace hal::exporter
