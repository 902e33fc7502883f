// The order of a trace's spans as a tree: rows from top to bottom, without any drawing.
#pragma once

#include <cstddef>
#include <vector>

#include <hal/collector/span.hpp>

namespace hal::cli {

struct TreeRow {
  enum class Kind {
    kSpan,
    kMissingParent,  ///< a line that stands for the parent nobody sent; `id` is its id
    kLoop,           ///< a line above spans that are their own ancestors
  };
  Kind kind = Kind::kSpan;
  const collector::Span* span = nullptr;  ///< of kSpan
  SpanId id{};
  /// One per level below the top: whether the row at that level is the last of its siblings. Its
  /// size is the row's depth.
  std::vector<bool> last{};
  bool has_children = false;
};

/// Roots first, then missing parents, then loops; children after their parent, all by start. Every
/// span is in it exactly once. Points into `trace`.
[[nodiscard]] std::vector<TreeRow> layout_trace(const collector::Trace& trace);

}  // namespace hal::cli
