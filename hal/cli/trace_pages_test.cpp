#include <hal/cli/trace_pages.hpp>

#include <gmock/gmock.h>

#include <hal/collector/testing/traces.hpp>

#include <algorithm>

namespace hal::cli {
namespace {

using collector::Trace;
using ::testing::ElementsAre;

/// What a backend leaves out at its limit: those that started first, those that came first, those
/// that came last.
enum class Order : std::uint8_t { kNewest, kLatest, kFirst };

/// Ten traces, 5 us and something apart, every second of service b. They come in another order than
/// they start in.
class Backend {
 public:
  explicit Backend(Order order = Order::kNewest) {
    for (std::uint64_t i = 0; i < 10; ++i) {
      const auto number = order == Order::kNewest ? i : i * 7 % 10;
      traces_.push_back(collector::testing::make_trace(
          {{.id = "1", .service = number % 2 == 0 ? "a" : "b", .start_us = 5 * number}},
          std::to_string(number + 1)));
      traces_.back().spans[0].start_unix_ns += 10 * number;
    }
    if (order != Order::kFirst) std::ranges::reverse(traces_);
  }

  std::vector<Trace> answer(const TraceSearch& search) {
    ++questions;
    std::vector<Trace> page;
    for (auto trace = traces_.begin(); trace != traces_.end(); ++trace) {
      const auto ns = trace->start_unix_ns();
      const bool of_service = search.service != "b" || trace->spans[0].service() == "b";
      if (ns < search.start_us * 1000 || ns > search.end_us * 1000 || !of_service) continue;
      if (page.size() < search.limit) page.push_back(*trace);
    }
    return page;
  }

  int questions = 0;

 private:
  std::vector<Trace> traces_;
};

constexpr std::uint64_t kStartUs = collector::testing::kTraceStartNs / 1000;

TraceSearch search_of(std::string service) {
  return {.service = std::move(service), .start_us = kStartUs, .end_us = kStartUs + 1000};
}

struct Read {
  std::vector<std::uint8_t> traces;  ///< last byte of each id, in the order they came
  int questions;
  bool is_cut;
};

Read read(std::vector<TraceSearch> searches, const TracePagesOptions& options,
          Order order = Order::kNewest) {
  Backend backend{order};
  TracePages pages{std::move(searches), options};
  while (const auto search = pages.next()) pages.add(backend.answer(*search));
  Read result{{}, backend.questions, pages.is_cut()};
  for (const Trace& trace : pages.take()) result.traces.push_back(trace.id.bytes[15]);
  return result;
}

TEST(TracePages, OnePageIsEnough) {
  const auto result = read({search_of("")}, {});
  EXPECT_THAT(result.traces, ElementsAre(16, 9, 8, 7, 6, 5, 4, 3, 2, 1));
  EXPECT_EQ(result.questions, 1);
  EXPECT_FALSE(result.is_cut);
}

TEST(TracePages, PagesGoBackInTime) {
  for (const auto order : {Order::kNewest, Order::kLatest, Order::kFirst}) {
    for (const std::size_t page : {2U, 3U, 4U, 7U, 9U, 10U, 11U}) {
      const auto result = read({search_of("")}, {.page_max = page}, order);
      EXPECT_THAT(result.traces, ElementsAre(16, 9, 8, 7, 6, 5, 4, 3, 2, 1)) << page;
      EXPECT_FALSE(result.is_cut);
    }
  }
}

TEST(TracePages, NoMoreThanWanted) {
  for (const auto order : {Order::kNewest, Order::kLatest, Order::kFirst}) {
    for (const std::size_t page : {2U, 3U, 500U}) {
      const auto result = read({search_of("")}, {.page_max = page, .traces_max = 4}, order);
      EXPECT_THAT(result.traces, ElementsAre(16, 9, 8, 7)) << page;
      EXPECT_TRUE(result.is_cut);
    }
    EXPECT_FALSE(read({search_of("")}, {.traces_max = 10}, order).is_cut);
    EXPECT_EQ(read({search_of("")}, {.traces_max = 1}, order).traces.size(), 1U);
  }
}

TEST(TracePages, ATraceOfSeveralSearchesIsKeptOnce) {
  const auto result = read({search_of("b"), search_of("a")}, {.page_max = 3});
  EXPECT_EQ(result.traces.size(), 10U);
  EXPECT_THAT(std::vector(result.traces.begin(), result.traces.begin() + 5),
              ElementsAre(16, 8, 6, 4, 2));
}

/// `count` traces, `every_us` apart.
std::vector<Trace> traces_every(std::uint64_t every_us, std::uint64_t count) {
  std::vector<Trace> traces;
  for (std::uint64_t i = 0; i < count; ++i) {
    traces.push_back(collector::testing::make_trace({{.id = "1", .start_us = every_us * i}},
                                                    std::to_string(i + 1)));
  }
  return traces;
}

TEST(TracePages, FewQuestionsForManyTraces) {
  const auto all = traces_every(100, 5000);
  const auto last_us = all.back().start_unix_ns() / 1000;
  // Of an hour, at whose end they are.
  TracePages pages{{{.start_us = last_us - 3'600'000'000, .end_us = last_us}},
                   {.traces_max = 10'000}};
  int questions = 0;
  while (const auto search = pages.next()) {
    std::vector<Trace> page;
    for (auto trace = all.rbegin(); trace != all.rend() && page.size() < search->limit; ++trace) {
      const auto us = trace->start_unix_ns() / 1000;
      if (us >= search->start_us && us <= search->end_us) page.push_back(*trace);
    }
    pages.add(std::move(page));
    ++questions;
  }
  EXPECT_EQ(pages.take().size(), all.size());
  EXPECT_LT(questions, 25);
  EXPECT_FALSE(pages.is_cut());
}

TEST(TracePages, MoreThanAPageInOneMicrosecondAreNotAllRead) {
  auto all = traces_every(0, 5);
  all.push_back(collector::testing::make_trace({{.id = "1", .start_us = 7}}, "77"));
  TracePages pages{{search_of("")}, {.page_max = 3}};
  while (const auto search = pages.next()) {
    std::vector<Trace> page;
    for (const Trace& trace : all) {
      const auto us = trace.start_unix_ns() / 1000;
      if (us < search->start_us || us > search->end_us || page.size() == search->limit) continue;
      page.push_back(trace);
    }
    pages.add(std::move(page));
  }
  EXPECT_EQ(pages.take().size(), 4U);
  EXPECT_TRUE(pages.is_cut());
}

TEST(TracePages, ABackendThatAnswersTheSameForEverEnds) {
  const auto all = traces_every(1, 2);
  TracePages pages{{search_of(""), search_of("b")}, {.page_max = 2}};
  int questions = 0;
  while (pages.next()) {
    pages.add(all);
    ASSERT_LT(++questions, 100);
  }
  EXPECT_TRUE(pages.is_cut());
}

TEST(TracePages, WithoutSearchesThereIsNothing) {
  TracePages pages{{}};
  EXPECT_EQ(pages.next(), std::nullopt);
  EXPECT_TRUE(pages.take().empty());
}

}  // namespace
}  // namespace hal::cli
