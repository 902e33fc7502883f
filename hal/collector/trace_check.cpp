#include <hal/collector/trace_check.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hal::collector {
namespace {

SpanName name_of(const Span& span) {
  return {span.span_id, span.parent_id, std::string{span.service()}, span.name};
}

std::vector<ExpectedSpan> missing_spans(const Trace& trace, std::vector<ExpectedSpan> expected) {
  for (const Span& span : trace.spans) {
    const auto found = std::ranges::find_if(expected, [&](const ExpectedSpan& wanted) {
      return wanted.service == span.service() && wanted.kind == span.kind;
    });
    if (found != expected.end()) expected.erase(found);
  }
  return expected;
}

using Children = std::multimap<SpanId, const Span*>;

/// Takes out of `children` all spans below `parent`.
void remove_below(SpanId parent, Children& children) {
  std::vector<SpanId> open{parent};
  while (!open.empty()) {
    const auto [begin, end] = children.equal_range(open.back());
    open.pop_back();
    for (auto child = begin; child != end; ++child) open.push_back(child->second->span_id);
    children.erase(begin, end);
  }
}

std::string describe(const SpanName& span) {
  return fmt::format("{} ({} \"{}\")", span.id.hex(), span.service, span.name);
}

std::string describe(const std::vector<SpanName>& spans) {
  constexpr std::size_t kShownMax = 5;
  std::vector<std::string> shown;
  for (const SpanName& span : spans) {
    if (shown.size() == kShownMax) {
      shown.push_back(fmt::format("{} more", spans.size() - kShownMax));
      break;
    }
    shown.push_back(describe(span));
  }
  return fmt::format("{}", fmt::join(shown, ", "));
}

std::string describe(const ExpectedSpan& span) {
  if (span.kind == SpanKind::kUnspecified) return fmt::format("span of {}", span.service);
  return fmt::format("{} span of {}", name(span.kind), span.service);
}

}  // namespace

TraceReport check(const Trace& trace, const TraceExpectations& expectations) {
  TraceReport report{.id = trace.id, .spans = trace.spans.size()};
  std::set<SpanId> ids;
  for (const Span& span : trace.spans) {
    if (!ids.insert(span.span_id).second) report.duplicate.push_back(name_of(span));
  }
  Children children;
  std::vector<SpanId> tops;
  for (const Span& span : trace.spans) {
    if (span.is_root() || span.parent_id == expectations.remote_parent) {
      report.roots.push_back(name_of(span));
      tops.push_back(span.span_id);
    } else if (!ids.contains(span.parent_id)) {
      report.missing_parent.push_back(name_of(span));
      tops.push_back(span.span_id);
    } else {
      children.emplace(span.parent_id, &span);
    }
  }
  for (const SpanId& top : tops) remove_below(top, children);
  for (const auto& [parent, span] : children) report.loops.push_back(name_of(*span));
  report.missing = missing_spans(trace, expectations.spans);
  return report;
}

bool TraceReport::whole() const noexcept {
  return roots.size() == 1 && missing_parent.empty() && duplicate.empty() && loops.empty() &&
         missing.empty();
}

std::vector<std::string> TraceReport::problems() const {
  const std::string trace = "trace " + id.hex();
  if (spans == 0) return {trace + " has no spans"};
  std::vector<std::string> problems;
  if (roots.empty()) problems.push_back(trace + " has no root: every span names a parent");
  if (roots.size() > 1) {
    problems.push_back(fmt::format("{} has {} roots: {}", trace, roots.size(), describe(roots)));
  }
  for (const SpanName& span : missing_parent) {
    problems.push_back(fmt::format("{}: span {} \"{}\" of {} has parent {}, which nobody sent",
                                   trace, span.id.hex(), span.name, span.service,
                                   span.parent_id.hex()));
  }
  for (const SpanName& span : duplicate) {
    problems.push_back(fmt::format("{}: span id {} is used twice, again by {} \"{}\"", trace,
                                   span.id.hex(), span.service, span.name));
  }
  if (!loops.empty()) {
    problems.push_back(fmt::format("{}: {} are their own ancestors", trace, describe(loops)));
  }
  for (const ExpectedSpan& span : missing) {
    problems.push_back(fmt::format("{} lacks the {}", trace, describe(span)));
  }
  return problems;
}

}  // namespace hal::collector
