#include <hal/cli/trace_layout.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace hal::cli {
namespace {

using collector::Span;
using collector::Trace;
using Spans = std::vector<const Span*>;

void sort_by_start(Spans& spans) {
  // The pointer keeps two spans of one id in the order they are in.
  std::ranges::sort(spans, {}, [](const Span* span) {
    return std::tuple{span->start_unix_ns, span->span_id, span};
  });
}

class Layout {
 public:
  explicit Layout(const Trace& trace) {
    std::set<SpanId> ids;
    for (const Span& span : trace.spans) ids.insert(span.span_id);
    for (const Span& span : trace.spans) {
      if (span.is_root()) {
        roots_.push_back(&span);
      } else if (!ids.contains(span.parent_id)) {
        orphans_[span.parent_id].push_back(&span);
      } else {
        children_[span.parent_id].push_back(&span);
      }
    }
    sort_by_start(roots_);
    for (auto& [parent, spans] : orphans_) sort_by_start(spans);
    for (auto& [parent, spans] : children_) sort_by_start(spans);
  }

  std::vector<TreeRow> rows() {
    for (const Span* root : roots_) append(root, {});
    for (const auto& [parent, spans] : orphans_) {
      rows_.push_back({.kind = TreeRow::Kind::kMissingParent, .id = parent, .has_children = true});
      append_all(spans, {});
    }
    append_loops();
    return std::move(rows_);
  }

 private:
  struct Open {
    const Span* span;
    std::vector<bool> last;
  };

  void append_all(const Spans& spans, const std::vector<bool>& above) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
      auto last = above;
      last.push_back(i + 1 == spans.size());
      append(spans[i], std::move(last));
    }
  }

  /// The span and all below it. The children of an id are taken once: a loop ends, and of two spans
  /// with one id the first has the children.
  void append(const Span* top, std::vector<bool> last) {
    std::vector<Open> open{{top, std::move(last)}};
    while (!open.empty()) {
      const Open next = std::move(open.back());
      open.pop_back();
      Spans spans;
      if (auto found = children_.extract(next.span->span_id)) spans = std::move(found.mapped());
      rows_.push_back({.span = next.span, .last = next.last, .has_children = !spans.empty()});
      for (std::size_t i = spans.size(); i-- > 0;) {
        auto below = next.last;
        below.push_back(i + 1 == spans.size());
        open.push_back({spans[i], std::move(below)});
      }
    }
  }

  /// What no root and no missing parent has above it: the earliest span starts each loop.
  void append_loops() {
    while (!children_.empty()) {
      const Span* first = nullptr;
      for (const auto& [parent, spans] : children_) {
        const Span* candidate = spans.front();
        if (first == nullptr || candidate->start_unix_ns < first->start_unix_ns) first = candidate;
      }
      rows_.push_back({.kind = TreeRow::Kind::kLoop, .has_children = true});
      // Taken from its siblings, for it is the top of its own row.
      std::erase(children_[first->parent_id], first);
      if (children_[first->parent_id].empty()) children_.erase(first->parent_id);
      append(first, {true});
    }
  }

  Spans roots_;
  std::map<SpanId, Spans> orphans_;
  std::map<SpanId, Spans> children_;
  std::vector<TreeRow> rows_;
};

}  // namespace

std::vector<TreeRow> layout_trace(const Trace& trace) { return Layout{trace}.rows(); }

}  // namespace hal::cli
