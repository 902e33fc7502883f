#include <hal/cli/trace_pages.hpp>

#include <algorithm>

namespace hal::cli {

TracePages::TracePages(std::vector<TraceSearch> searches, const TracePagesOptions& options)
    : searches_{std::move(searches)}, options_{options} {
  std::ranges::reverse(searches_);
}

std::optional<TraceSearch> TracePages::next() const {
  if (searches_.empty()) return std::nullopt;
  TraceSearch search = searches_.back();
  // One more than wanted tells whether there are more; a later page begins with the end of the one
  // before.
  const std::size_t more = seen_.empty() ? 1 : 2;
  search.limit = std::min(options_.page_max, options_.traces_max - seen_.size() + more);
  return search;
}

void TracePages::add(std::vector<collector::Trace> page) {
  TraceSearch& search = searches_.back();
  const bool is_full = page.size() >= next()->limit;
  bool is_new = false;
  bool is_over = false;
  for (collector::Trace& trace : page) {
    // A start is cut to microseconds, the search's end is not: the next one takes them in again.
    search.end_us = std::min(search.end_us, trace.start_unix_ns() / 1000 + 1);
    if (seen_.contains(trace.id)) continue;
    if (seen_.size() == options_.traces_max) {
      is_cut_ = is_over = true;
      break;
    }
    seen_.insert(trace.id);
    is_new = true;
    if (known_.insert(trace.id).second) traces_.push_back(std::move(trace));
  }
  if (!is_full || !is_new || is_over || search.end_us < search.start_us) {
    searches_.pop_back();
    seen_.clear();
  }
}

}  // namespace hal::cli
