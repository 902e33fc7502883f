#include <hal/telemetry/tracer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/telemetry/otlp_request.hpp>
#include <hal/telemetry/semconv.hpp>
#include <hal/telemetry/span.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>
#include <hal/wire/trace_formats.hpp>

#include <fmt/format.h>
#include <hal/internal/otlp.pb.h>

namespace hal::telemetry {
namespace {

class TracerTest : public ::testing::Test {
 protected:
  TracerOptions options() const { return testing::test_options(clock_); }

  /// A local trace of `spans` spans, the entry's included.
  static void record(Tracer& tracer, int spans) {
    const Context root{.tracer = &tracer};
    RecordedSpan entry{root, {.name = "entry", .kind = Kind::kServer}};
    Context inner = root;
    entry.enter(inner);
    for (int i = 1; i < spans; ++i) RecordedSpan{inner, {.name = "child"}};
  }

  testing::ManualClock clock_;
};

TEST_F(TracerTest, SpansWaitForTheEndOfTheirLocalTrace) {
  Tracer tracer{options()};
  const Context root{.tracer = &tracer};
  {
    RecordedSpan entry{root, {.name = "entry"}};
    Context inner = root;
    entry.enter(inner);
    {
      RecordedSpan child{inner, {.name = "child"}};
    }
    EXPECT_EQ(tracer.pending(), 0u);
  }
  EXPECT_EQ(tracer.pending(), 2u);
  EXPECT_EQ(tracer.counters().spans_recorded, 2u);
  EXPECT_EQ(tracer.take_batch().spans, 2u);
  EXPECT_EQ(tracer.pending(), 0u);
  EXPECT_EQ(tracer.take_batch().spans, 0u);
}

TEST_F(TracerTest, LateSpansGoOnTheirOwn) {
  Tracer tracer{options()};
  const Context root{.tracer = &tracer};
  Context inner = root;
  std::optional<RecordedSpan> entry;
  entry.emplace(root, SpanOptions{.name = "entry"});
  entry->enter(inner);
  inner.recorded = nullptr;  // as spawned work has it
  std::optional<RecordedSpan> late;
  late.emplace(inner, SpanOptions{.name = "late"});
  entry.reset();
  EXPECT_EQ(tracer.pending(), 1u);
  late.reset();
  EXPECT_EQ(tracer.pending(), 2u);
  {
    RecordedSpan later{inner, {.name = "later"}};
  }
  const auto spans = testing::take_spans(tracer);
  const auto& parent = testing::find(spans, "entry");
  for (const char* name : {"late", "later"}) {
    EXPECT_EQ(testing::find(spans, name).trace_id, parent.trace_id);
    EXPECT_EQ(testing::find(spans, name).parent_id, parent.span_id);
    EXPECT_EQ(testing::find(spans, name).flags & 0x200u, 0u);  // the parent ran here
  }
}

TEST_F(TracerTest, SpawnedWorkBelongsToItsLocalTrace) {
  Tracer tracer{options()};
  const Context root{.tracer = &tracer};
  RecordedSpan entry{root, {.name = "entry"}};
  Context inner = root;
  entry.enter(inner);
  inner.recorded = nullptr;
  {
    RecordedSpan child{inner, {.name = "child"}};
  }
  EXPECT_EQ(tracer.pending(), 0u);  // it waits for its entry
  entry.end();
  EXPECT_EQ(tracer.pending(), 2u);
}

TEST_F(TracerTest, TwoEntriesOfOneTraceAreTwoLocalTraces) {
  Tracer tracer{options()};
  const Context root{.tracer = &tracer};
  RecordedSpan first{root, {.name = "first"}};
  const SpanContext remote = first.context();
  {
    RecordedSpan second{root, {.name = "second", .kind = Kind::kServer, .remote_parent = remote}};
  }
  EXPECT_EQ(tracer.pending(), 1u);
  first.end();
  const auto spans = testing::take_spans(tracer);
  EXPECT_EQ(testing::find(spans, "second").parent_id, testing::find(spans, "first").span_id);
  EXPECT_EQ(testing::find(spans, "second").flags & 0x200u, 0x200u);
}

TEST_F(TracerTest, AFullQueueDropsWholeLocalTraces) {
  TracerOptions small = options();
  small.queue_spans_max = 5;
  Tracer tracer{small};
  record(tracer, 3);
  record(tracer, 3);  // the third of these finds the queue full
  EXPECT_EQ(tracer.pending(), 3u);
  EXPECT_EQ(tracer.counters().spans_dropped, 3u);
  EXPECT_EQ(tracer.counters().traces_dropped, 1u);
  record(tracer, 2);  // there is room for this one
  EXPECT_EQ(tracer.pending(), 5u);
  record(tracer, 1);
  EXPECT_EQ(tracer.counters().traces_dropped, 2u);
  EXPECT_EQ(testing::take_spans(tracer).size(), 5u);
  record(tracer, 5);
  EXPECT_EQ(tracer.pending(), 5u);
  EXPECT_EQ(tracer.counters().spans_recorded, 10u);
}

TEST_F(TracerTest, SpansWithLargeAttributesFillTheQueueByBytes) {
  Tracer tracer{options()};
  const std::size_t bytes_max = tracer.options().queue_bytes_max;
  const std::string text(16 * 1024, 'x');
  const auto record_large = [&tracer, &text] {  // two spans, of 1 MiB together
    const Context root{.tracer = &tracer};
    RecordedSpan entry{root, {.name = "entry", .kind = Kind::kServer}};
    Context inner = root;
    entry.enter(inner);
    RecordedSpan child{inner, {.name = "child"}};
    for (RecordedSpan* span : {&entry, &child}) {
      for (int i = 0; i < 32; ++i) span->set_attribute(fmt::format("key {}", i), text);
    }
  };
  for (int i = 0; i < 40; ++i) record_large();
  const auto counters = tracer.counters();
  EXPECT_EQ(tracer.pending() % 2, 0u) << "a local trace is dropped as a whole";
  EXPECT_EQ(tracer.pending() + counters.spans_dropped, 80u);
  EXPECT_EQ(counters.traces_dropped * 2, counters.spans_dropped);
  std::size_t bytes = 0;
  while (tracer.pending() > 0) bytes += tracer.take_batch().span_bytes.size();
  EXPECT_LT(bytes, bytes_max + 1024 * 1024);
  EXPECT_GT(bytes, bytes_max - 2 * 1024 * 1024);

  record_large();  // the exporter has made room
  EXPECT_EQ(tracer.pending(), 2u);
  EXPECT_EQ(tracer.counters().spans_dropped, counters.spans_dropped);
}

TEST_F(TracerTest, TheBytesOfADroppedTraceAreFreeAgain) {
  TracerOptions small = options();
  small.queue_bytes_max = 1'000;
  Tracer tracer{small};
  for (int i = 0; i < 5; ++i) {
    record(tracer, 50);  // never whole in the queue
    EXPECT_EQ(tracer.pending(), 0u);
  }
  EXPECT_EQ(tracer.counters().traces_dropped, 5u);
  record(tracer, 3);
  EXPECT_EQ(tracer.pending(), 3u);
}

TEST_F(TracerTest, ALateSpanOfADroppedTraceIsDropped) {
  TracerOptions small = options();
  small.queue_spans_max = 1;
  Tracer tracer{small};
  const Context root{.tracer = &tracer};
  Context inner = root;
  std::optional<RecordedSpan> entry;
  entry.emplace(root, SpanOptions{.name = "entry"});
  entry->enter(inner);
  std::optional<RecordedSpan> late;
  late.emplace(inner, SpanOptions{.name = "late"});
  {
    RecordedSpan child{inner, {.name = "child"}};
  }
  entry.reset();  // no room beside its child: both are dropped
  EXPECT_EQ(tracer.pending(), 0u);
  late.reset();
  EXPECT_EQ(tracer.pending(), 0u);
  EXPECT_EQ(tracer.counters().spans_dropped, 3u);
  EXPECT_EQ(tracer.counters().traces_dropped, 1u);
}

TEST_F(TracerTest, BatchesAreCutBetweenLocalTraces) {
  TracerOptions small = options();
  small.batch_spans = 4;
  Tracer tracer{small};
  for (int i = 0; i < 3; ++i) record(tracer, 3);
  EXPECT_TRUE(tracer.batch_is_full());
  EXPECT_EQ(tracer.take_batch().spans, 6u);
  EXPECT_FALSE(tracer.batch_is_full());
  EXPECT_EQ(tracer.take_batch().spans, 3u);
}

TEST_F(TracerTest, ALongLocalTraceGoesInParts) {
  TracerOptions small = options();
  small.batch_spans = 4;
  Tracer tracer{small};
  const Context root{.tracer = &tracer};
  RecordedSpan entry{root, {.name = "stream"}};
  Context inner = root;
  entry.enter(inner);
  for (int i = 0; i < 5; ++i) RecordedSpan{inner, {.name = "message"}};
  EXPECT_EQ(tracer.pending(), 4u);
  EXPECT_TRUE(tracer.batch_is_full());
}

TEST_F(TracerTest, ABatchIsBoundedInBytes) {
  TracerOptions small = options();
  small.batch_bytes_max = 100;
  Tracer tracer{small};
  record(tracer, 1);
  EXPECT_FALSE(tracer.batch_is_full());
  record(tracer, 1);
  EXPECT_TRUE(tracer.batch_is_full());
}

Task<Result<std::size_t>> wait_for_batch(Tracer* tracer) {
  while (!tracer->batch_is_full()) co_await or_return(co_await tracer->batch_full().wait());
  co_return tracer->take_batch().spans;
}

Task<Result<>> start_exporter(Scope& scope, Tracer* tracer, std::size_t* taken) {
  scope.spawn(
      [](Tracer* from, std::size_t* out) -> Task<Result<>> {
        *out = co_await or_return(wait_for_batch(from));
        co_return Result<>{};
      },
      tracer, taken);
  EXPECT_EQ(*taken, 0u);
  const Context root{.tracer = tracer};
  for (int i = 0; i < 4; ++i) RecordedSpan{root, {.name = "job"}};
  co_return Result<>{};
}

Task<Result<>> export_beside(Tracer* tracer, std::size_t* taken) {
  co_return co_await with_scope(start_exporter, tracer, taken);
}

TEST_F(TracerTest, AFullBatchWakesTheExporter) {
  TracerOptions small = options();
  small.batch_spans = 4;
  Tracer tracer{small};
  std::size_t taken = 0;
  EXPECT_TRUE(hal::testing::run(export_beside, &tracer, &taken));
  EXPECT_EQ(taken, 4u);
}

TEST_F(TracerTest, CountsRestartsByReason) {
  Tracer tracer{options()};
  tracer.count_restart(wire::RejectReason::kZeroId);
  tracer.count_restart(wire::RejectReason::kZeroId);
  EXPECT_EQ(tracer.counters().restarts[static_cast<std::size_t>(wire::RejectReason::kZeroId)], 2u);
}

TEST_F(TracerTest, SpareTracesAreUsedAgainCleanly) {
  Tracer tracer{options()};
  for (int i = 0; i < 3; ++i) {
    clock_.step_wall(std::chrono::seconds{10});
    record(tracer, 2);
    const auto spans = testing::take_spans(tracer);
    ASSERT_EQ(spans.size(), 2u);
    const auto expected = std::chrono::nanoseconds{clock_.wall().time_since_epoch()}.count();
    EXPECT_EQ(spans[0].start_ns, static_cast<std::uint64_t>(expected));
  }
}

TEST_F(TracerTest, TheRequestAroundABatchIsComplete) {
  Tracer tracer{options()};
  record(tracer, 100);  // lengths of several bytes
  const std::string_view list[] = {"x", "y"};
  const Attribute resource[] = {{semconv::kServiceName, "api"},
                                {"list", AttributeValue::List{list}}};
  const OtlpRequest encoder{resource};
  const std::string batch = tracer.take_batch().span_bytes;
  const auto bytes = encoder.encode(batch);
  hal::internal::otlp::ExportTraceServiceRequest request;
  ASSERT_TRUE(request.ParseFromString(bytes));
  ASSERT_EQ(request.resource_spans_size(), 1);
  const auto& spans = request.resource_spans(0);
  ASSERT_EQ(spans.resource().attributes_size(), 2);
  EXPECT_EQ(spans.resource().attributes(0).key(), "service.name");
  EXPECT_EQ(spans.resource().attributes(0).value().string_value(), "api");
  ASSERT_EQ(spans.scope_spans_size(), 1);
  EXPECT_EQ(spans.scope_spans(0).scope().name(), "hal9000");
  EXPECT_EQ(spans.scope_spans(0).spans_size(), 100);
  EXPECT_EQ(request.ByteSizeLong(), bytes.size());
  hal::internal::otlp::EncodedTraceRequest outside;
  outside.set_resource_spans(encoder.resource_spans(batch));
  EXPECT_EQ(outside.SerializeAsString(), bytes);
}

}  // namespace
}  // namespace hal::telemetry
