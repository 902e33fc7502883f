#include <hal/cli/trace_pages.hpp>

#include <gmock/gmock.h>

#include <hal/collector/testing/traces.hpp>

#include <algorithm>

namespace hal::cli {
namespace {

using collector::Trace;
using ::testing::ElementsAre;

/// Ten traces, 5 us and something apart, every second of service b.
class Backend {
 public:
  Backend() {
    for (std::uint64_t i = 0; i < 10; ++i) {
      traces_.push_back(collector::testing::make_trace(
          {{.id = "1", .service = i % 2 == 0 ? "a" : "b", .start_us = 5 * i}},
          std::to_string(i + 1)));
      traces_.back().spans[0].start_unix_ns += 10 * i;
    }
  }

  std::vector<Trace> answer(const TraceSearch& search) {
    ++questions;
    std::vector<Trace> page;
    for (auto trace = traces_.rbegin(); trace != traces_.rend(); ++trace) {
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

Read read(std::vector<TraceSearch> searches, const TracePagesOptions& options) {
  Backend backend;
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
  for (const std::size_t page : {2U, 3U, 4U, 7U, 9U, 10U, 11U}) {
    const auto result = read({search_of("")}, {.page_max = page});
    EXPECT_THAT(result.traces, ElementsAre(16, 9, 8, 7, 6, 5, 4, 3, 2, 1)) << page;
    EXPECT_FALSE(result.is_cut);
  }
}

TEST(TracePages, NoMoreThanWanted) {
  for (const std::size_t page : {2U, 3U, 500U}) {
    const auto result = read({search_of("")}, {.page_max = page, .traces_max = 4});
    EXPECT_THAT(result.traces, ElementsAre(16, 9, 8, 7)) << page;
    EXPECT_TRUE(result.is_cut);
  }
  EXPECT_FALSE(read({search_of("")}, {.traces_max = 10}).is_cut);
}

TEST(TracePages, ATraceOfSeveralSearchesIsKeptOnce) {
  const auto result = read({search_of("b"), search_of("a")}, {.page_max = 3});
  EXPECT_EQ(result.traces.size(), 10U);
  EXPECT_THAT(std::vector(result.traces.begin(), result.traces.begin() + 5),
              ElementsAre(16, 8, 6, 4, 2));
}

TEST(TracePages, ABackendThatAnswersTheSameForEverEnds) {
  TracePages pages{{search_of("")}, {.page_max = 1}};
  Backend backend;
  int questions = 0;
  while (pages.next()) {
    pages.add(backend.answer(search_of("")));
    auto page = backend.answer({.end_us = kStartUs + 1000, .limit = 1});
    if (pages.next()) pages.add(std::move(page));
    ASSERT_LT(++questions, 10);
  }
}

TEST(TracePages, WithoutSearchesThereIsNothing) {
  TracePages pages{{}};
  EXPECT_EQ(pages.next(), std::nullopt);
  EXPECT_TRUE(pages.take().empty());
}

}  // namespace
}  // namespace hal::cli
