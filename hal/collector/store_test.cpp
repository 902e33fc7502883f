#include <hal/collector/store.hpp>

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <hal/collector/testing/traces.hpp>

namespace hal::collector {
namespace {

using ::testing::ElementsAre;
using testing::hello_trace;
using ::testing::IsEmpty;
using testing::kTraceStartNs;
using testing::make_span;
using testing::make_trace;

TraceId id_of(std::string_view hex) { return TraceId::from_hex(hex).value(); }

std::vector<std::string> ids_of(const std::vector<Trace>& traces) {
  std::vector<std::string> ids;
  for (const Trace& trace : traces) ids.push_back(trace.id.hex().substr(28));
  return ids;
}

/// One span of a trace of its own, that starts `number` microseconds late.
std::vector<Span> single(unsigned number) {
  return {make_span({.id = "1", .name = fmt::format("op{}", number), .start_us = number},
                    fmt::format("{:x}", number))};
}

TEST(Store, FindsWhatWasAddedSorted) {
  Store store;
  auto trace = hello_trace();
  auto spans = trace.spans;
  std::ranges::reverse(spans);
  store.add({spans[0]});
  store.add({spans[1], spans[2]});
  const auto found = store.find(trace.id);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->spans.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found->spans[i].span_id, trace.spans[i].span_id);
  }
  EXPECT_EQ(store.find(id_of("99")), std::nullopt);
}

TEST(Store, ABatchSentAgainChangesNothing) {
  Store store;
  store.add(hello_trace().spans);
  store.add(hello_trace().spans);
  EXPECT_EQ(store.find(id_of(testing::kTraceId))->spans.size(), 3U);
  const auto stats = store.stats();
  EXPECT_EQ(stats.spans, 3U);
  EXPECT_EQ(stats.spans_received, 6U);
  EXPECT_EQ(stats.spans_duplicate, 3U);
}

TEST(Store, DifferentSpansOfOneIdAreBothKept) {
  Store store;
  store.add({make_span({.id = "1", .kind = SpanKind::kClient}),
             make_span({.id = "1", .kind = SpanKind::kServer})});
  EXPECT_EQ(store.stats().spans, 2U);
}

TEST(Store, OneIdDoesNotBuyEndlessComparisons) {
  Store store{{.spans_per_id_max = 3}};
  for (unsigned i = 0; i < 10; ++i) store.add({make_span({.id = "1", .start_us = i})});
  store.add({make_span({.id = "2"}), make_span({.id = "3"})});
  const auto stats = store.stats();
  EXPECT_EQ(stats.spans, 5U);
  EXPECT_EQ(stats.spans_refused, 7U);
  for (unsigned i = 0; i < 3; ++i) store.add({make_span({.id = "1", .start_us = i})});
  EXPECT_EQ(store.stats().spans_duplicate, 3U);
}

TEST(Store, RecentIsNewestStartFirst) {
  Store store;
  for (const unsigned number : {2U, 4U, 1U, 3U}) store.add(single(number));
  EXPECT_THAT(ids_of(store.recent(10)), ElementsAre("0004", "0003", "0002", "0001"));
  EXPECT_THAT(ids_of(store.recent(2)), ElementsAre("0004", "0003"));
  EXPECT_THAT(ids_of(store.recent(0)), IsEmpty());
}

TEST(Store, AnEarlierSpanThatComesLateMovesItsTrace) {
  Store store;
  store.add({make_span({.id = "2", .parent = "1", .start_us = 50}, "a")});
  store.add({make_span({.id = "1", .start_us = 20}, "b")});
  store.add({make_span({.id = "1", .start_us = 10}, "a")});
  EXPECT_THAT(ids_of(store.recent(2)), ElementsAre("000b", "000a"));
}

TEST(Store, RecentKeepsToTheFilter) {
  Store store;
  for (unsigned number = 1; number <= 4; ++number) store.add(single(number));
  EXPECT_THAT(ids_of(store.recent(10, {.operation = "op3"})), ElementsAre("0003"));
  EXPECT_THAT(ids_of(store.recent(1, {.start_max_unix_ns = kTraceStartNs + 2'000})),
              ElementsAre("0002"));
  EXPECT_THAT(store.recent(10, {.service = "nobody"}), IsEmpty());
}

TEST(Store, OldestTraceGoesFirst) {
  Store store{{.traces_max = 2}};
  for (const unsigned number : {3U, 1U, 2U}) store.add(single(number));
  EXPECT_EQ(store.find(id_of("3")), std::nullopt);
  EXPECT_THAT(ids_of(store.recent(10)), ElementsAre("0002", "0001"));
  EXPECT_EQ(store.stats().traces_evicted, 1U);
}

TEST(Store, EvictsWholeTracesToKeepTheNumberOfSpans) {
  Store store{{.spans_max = 4}};
  store.add(hello_trace("1").spans);
  store.add(hello_trace("2").spans);
  EXPECT_EQ(store.find(id_of("1")), std::nullopt);
  EXPECT_EQ(store.find(id_of("2"))->spans.size(), 3U);
  EXPECT_EQ(store.stats().spans, 3U);
}

TEST(Store, BytesAreBoundedAndComeBack) {
  Store store{{.bytes_max = 200'000}};
  for (unsigned number = 1; number <= 100; ++number) {
    auto spans = single(number);
    spans[0].attributes.push_back({"text", std::string(10'000, 'x')});
    store.add(std::move(spans));
  }
  const auto stats = store.stats();
  EXPECT_LE(stats.bytes, 200'000U);
  EXPECT_GT(stats.traces, 10U);
  EXPECT_EQ(stats.traces + stats.traces_evicted, 100U);
}

TEST(Store, WhatSpansShareIsCountedOnce) {
  const auto scope = std::make_shared<Instrumentation>(std::string(256, 'n'), "1");
  const auto bytes_of = [&scope](unsigned with_scope) {
    std::vector<Span> spans;
    for (unsigned i = 0; i < 3; ++i) {
      spans.push_back(make_span({.id = fmt::format("{:x}", i + 1), .name = "op"}));
      spans.back().resource = spans.front().resource;
      if (i < with_scope) spans.back().scope = scope;
    }
    Store store;
    store.add(std::move(spans));
    return store.stats().bytes;
  };
  EXPECT_EQ(bytes_of(1), bytes_of(0) + sizeof(Instrumentation) + 257);
  EXPECT_EQ(bytes_of(3), bytes_of(1));
}

TEST(Store, OneEndlessTraceDoesNotPushOutTheOthers) {
  Store store{{.spans_max = 100, .spans_per_trace_max = 10}};
  store.add(single(1));
  for (unsigned i = 1; i <= 50; ++i) {
    const std::string id = fmt::format("{:x}", i);
    store.add({make_span({.id = id}, "ff")});
  }
  EXPECT_EQ(store.find(id_of("ff"))->spans.size(), 10U);
  EXPECT_TRUE(store.find(id_of("1")).has_value());
  EXPECT_EQ(store.stats().spans_refused, 40U);
}

TEST(Store, ServicesAndOperationsLeaveWithTheirLastSpan) {
  Store store{{.traces_max = 1}};
  store.add(hello_trace("1").spans);
  EXPECT_THAT(store.services(), ElementsAre("hal9000-api", "hal9000-greeter"));
  EXPECT_THAT(store.operations("hal9000-api"),
              ElementsAre(Operation{"GET /api/v1/hello/:id", SpanKind::kServer},
                          Operation{"greeter.GreeterService/SayHello", SpanKind::kClient}));
  EXPECT_THAT(store.operations("nobody"), IsEmpty());
  store.add(single(7));
  EXPECT_THAT(store.services(), ElementsAre("hal9000-api"));
  EXPECT_THAT(store.operations("hal9000-api"), ElementsAre(Operation{"op7", SpanKind::kInternal}));
}

TEST(Store, WorkersMayAddAndReadAtOnce) {
  Store store{{.traces_max = 500}};
  std::vector<std::thread> workers;
  for (unsigned worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&store, worker] {
      for (unsigned i = 0; i < 250; ++i) {
        store.add(hello_trace(fmt::format("{:x}", 1 + worker * 1000 + i)).spans);
        if (i % 50 == 0) EXPECT_LE(store.recent(5).size(), 5U);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(store.stats().traces, 500U);
  EXPECT_EQ(store.stats().traces_evicted, 500U);
  EXPECT_EQ(store.stats().spans, 1500U);
}

TEST(StoreDeathTest, SpansWithoutIdsAreABug) {
  Store store;
  EXPECT_DEATH(store.add({Span{}}), "valid ids and a resource");
}

}  // namespace
}  // namespace hal::collector
