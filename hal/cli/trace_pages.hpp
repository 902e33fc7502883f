// Many traces of a query API, page by page: what to ask next, and what has come. No I/O.
#pragma once

#include <hal/collector/span.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hal::cli {

/// A search of GET /api/traces, as Jaeger's query API takes it: traces with a span of the service
/// that starts within these times, both included.
struct TraceSearch {
  std::string service{};  ///< empty: all, which Jaeger itself does not offer
  std::uint64_t start_us = 0;
  std::uint64_t end_us = 0;
  std::size_t limit = 0;
};

struct TracePagesOptions {
  /// 5 MiB of JSON with small traces; at least 2.
  std::size_t page_max = 500;
  /// Of each search; at least 1.
  std::size_t traces_max = 1000;
};

/// Goes through searches, each back in time from its end, window by window. Which traces a backend
/// leaves out at its limit is its own affair (Jaeger's memory: those that came first; its Badger
/// and Cassandra: any), so an answer is complete only below the limit: one that is not is thrown
/// away, and a shorter window asked for. A trace that is found several times is kept once.
class TracePages {
 public:
  TracePages(std::vector<TraceSearch> searches, const TracePagesOptions& options = {});

  /// What to ask for; nullopt: that was all.
  [[nodiscard]] std::optional<TraceSearch> next() const;

  /// The answer to next().
  void add(std::vector<collector::Trace> page);

  [[nodiscard]] std::vector<collector::Trace> take() { return std::move(traces_); }
  /// True when some were left out: over traces_max, or more than a page start in one microsecond.
  [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

 private:
  /// The window of next() as a search without limit; `searches_` has one.
  [[nodiscard]] TraceSearch window() const;
  [[nodiscard]] bool shorten_window(const std::vector<collector::Trace>& page);
  void keep(std::vector<collector::Trace> page);
  void next_window(std::size_t found);
  void next_search();

  std::vector<TraceSearch> searches_;  ///< the current one is the last: what is left of it
  const TracePagesOptions options_;
  std::uint64_t window_start_us_ = 0;
  std::set<TraceId> known_;
  std::set<TraceId> seen_;  ///< by the current search
  std::vector<collector::Trace> traces_;
  bool is_cut_ = false;
};

}  // namespace hal::cli
