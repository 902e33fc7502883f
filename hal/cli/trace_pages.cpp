#include <hal/cli/trace_pages.hpp>

#include <algorithm>
#include <functional>

namespace hal::cli {
namespace {

/// How full a page is hoped to be, in a window whose number of traces is guessed.
constexpr std::size_t good_part_of(std::size_t page) {
  return std::max<std::size_t>(1, page * 2 / 3);
}

bool overlaps(const collector::Trace& trace, const TraceSearch& window) {
  return trace.start_unix_ns() / 1000 <= window.end_us &&
         trace.end_unix_ns() / 1000 + 1 >= window.start_us;
}

}  // namespace

TracePages::TracePages(std::vector<TraceSearch> searches, const TracePagesOptions& options)
    : searches_{std::move(searches)}, options_{options} {
  std::ranges::reverse(searches_);
  if (!searches_.empty()) window_start_us_ = searches_.back().start_us;
}

TraceSearch TracePages::window() const {
  TraceSearch search = searches_.back();
  search.start_us = window_start_us_;
  // One more than wanted tells whether there are more.
  search.limit = std::max<std::size_t>(2, std::min(options_.page_max, options_.traces_max + 1));
  return search;
}

std::optional<TraceSearch> TracePages::next() const {
  if (searches_.empty()) return std::nullopt;
  return window();
}

void TracePages::add(std::vector<collector::Trace> page) {
  const TraceSearch asked = window();
  const bool is_full = page.size() >= asked.limit;
  if (is_full) {
    const bool is_answer =
        std::ranges::any_of(page, [&](const auto& trace) { return overlaps(trace, asked); });
    if (is_answer && shorten_window(page)) return;
    is_cut_ = true;
    if (!is_answer) return next_search();  // a backend that ignores the times answers so for ever
  }
  const std::size_t found = page.size();
  keep(std::move(page));
  if (seen_.size() >= options_.traces_max && is_cut_) return next_search();
  next_window(found);
}

bool TracePages::shorten_window(const std::vector<collector::Trace>& page) {
  const TraceSearch asked = window();
  const auto width = asked.end_us - asked.start_us;
  if (width <= 1) return false;
  std::vector<std::uint64_t> starts_us;
  for (const auto& trace : page) starts_us.push_back(trace.start_unix_ns() / 1000);
  std::ranges::sort(starts_us, std::ranges::greater{});
  // If these are the newest, the new window holds just as many of them as a page should.
  const auto start_us = starts_us[good_part_of(starts_us.size() - 1)];
  window_start_us_ = std::clamp(start_us, asked.start_us + std::max<std::uint64_t>(1, width / 8),
                                asked.end_us - 1);
  return true;
}

void TracePages::keep(std::vector<collector::Trace> page) {
  std::ranges::sort(page, std::ranges::greater{}, &collector::Trace::start_unix_ns);
  for (collector::Trace& trace : page) {
    if (seen_.contains(trace.id)) continue;
    if (seen_.size() == options_.traces_max) {
      is_cut_ = true;
      return;
    }
    seen_.insert(trace.id);
    if (known_.insert(trace.id).second) traces_.push_back(std::move(trace));
  }
}

/// The one before, so long that at the same rate a page holds it.
void TracePages::next_window(std::size_t found) {
  TraceSearch& search = searches_.back();
  if (window_start_us_ <= search.start_us) return next_search();
  const auto width = search.end_us - window_start_us_;
  const auto next_width =
      std::max<std::uint64_t>(1, width * good_part_of(window().limit) / (found + 1));
  search.end_us = window_start_us_;
  window_start_us_ = search.end_us - std::min(next_width, search.end_us - search.start_us);
}

void TracePages::next_search() {
  searches_.pop_back();
  seen_.clear();
  if (!searches_.empty()) window_start_us_ = searches_.back().start_us;
}

}  // namespace hal::cli
