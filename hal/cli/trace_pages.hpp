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

/// A search of GET /api/traces, as Jaeger's query API takes it.
struct TraceSearch {
  std::string service{};  ///< empty: all, which Jaeger itself does not offer
  std::uint64_t start_us = 0;
  std::uint64_t end_us = 0;
  std::size_t limit = 0;
};

struct TracePagesOptions {
  /// 5 MiB of JSON with small traces. More than start in one microsecond: pages overlap by that.
  std::size_t page_max = 500;
  /// Of each search.
  std::size_t traces_max = 1000;
};

/// Goes through searches, each from its newest trace back in time. A trace that several of them
/// find is kept once.
class TracePages {
 public:
  TracePages(std::vector<TraceSearch> searches, const TracePagesOptions& options = {});

  /// What to ask for; nullopt: that was all.
  [[nodiscard]] std::optional<TraceSearch> next() const;

  /// The answer to next().
  void add(std::vector<collector::Trace> page);

  [[nodiscard]] std::vector<collector::Trace> take() { return std::move(traces_); }
  /// True when traces_max left some out.
  [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

 private:
  std::vector<TraceSearch> searches_;  ///< the current one is the last
  const TracePagesOptions options_;
  std::set<TraceId> known_;
  std::set<TraceId> seen_;  ///< by the current search
  std::vector<collector::Trace> traces_;
  bool is_cut_ = false;
};

}  // namespace hal::cli
