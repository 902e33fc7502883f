#include <hal/cli/trace_layout.hpp>

#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <hal/collector/testing/traces.hpp>

namespace hal::cli {
namespace {

using collector::Trace;
using collector::testing::make_trace;

/// One line per row: a digit per level (1 = last of its siblings), the row's name, '+' above
/// children.
std::string sketch(const Trace& trace) {
  std::string text;
  for (const TreeRow& row : layout_trace(trace)) {
    for (const bool last : row.last) text += last ? '1' : '0';
    if (row.kind == TreeRow::Kind::kMissingParent) text += "missing " + row.id.hex().substr(14);
    if (row.kind == TreeRow::Kind::kLoop) text += "loop";
    if (row.span != nullptr) text += row.span->name;
    text += row.has_children ? "+\n" : "\n";
  }
  return text;
}

TEST(TraceLayout, ChildrenFollowTheirParentByStart) {
  EXPECT_EQ(sketch(make_trace({{.id = "3", .parent = "1", .name = "late", .start_us = 9},
                               {.id = "4", .parent = "2", .name = "inner", .start_us = 2},
                               {.id = "2", .parent = "1", .name = "early", .start_us = 1},
                               {.id = "1", .name = "root"}})),
            "root+\n0early+\n01inner\n1late\n");
}

TEST(TraceLayout, RootsThenMissingParentsThenLoops) {
  EXPECT_EQ(sketch(make_trace({{.id = "8", .parent = "9", .name = "p", .start_us = 3},
                               {.id = "9", .parent = "8", .name = "q", .start_us = 2},
                               {.id = "5", .parent = "ff", .name = "x", .start_us = 2},
                               {.id = "6", .parent = "ff", .name = "w", .start_us = 1},
                               {.id = "7", .parent = "6", .name = "v", .start_us = 5},
                               {.id = "4", .parent = "ee", .name = "u"},
                               {.id = "2", .name = "b", .start_us = 1},
                               {.id = "1", .name = "a"}})),
            "a\nb\nmissing ee+\n1u\nmissing ff+\n0w+\n01v\n1x\nloop+\n1q+\n11p\n");
}

TEST(TraceLayout, EverySpanIsThereOnce) {
  // Two spans of one id, a span that is its own parent, and a branch below a loop.
  const auto trace = make_trace({{.id = "1", .name = "root"},
                                 {.id = "2", .parent = "1", .name = "twin"},
                                 {.id = "2", .parent = "1", .name = "twin"},
                                 {.id = "3", .parent = "2", .name = "child"},
                                 {.id = "4", .parent = "4", .name = "self"},
                                 {.id = "5", .parent = "4", .name = "below"},
                                 {.id = "6", .parent = "7", .name = "p"},
                                 {.id = "7", .parent = "6", .name = "q"}});
  std::multiset<const collector::Span*> shown;
  for (const TreeRow& row : layout_trace(trace)) {
    if (row.span != nullptr) shown.insert(row.span);
  }
  EXPECT_EQ(shown.size(), trace.spans.size());
  for (const auto& span : trace.spans) EXPECT_EQ(shown.count(&span), 1U) << span.name;
}

TEST(TraceLayout, NothingForNoSpans) { EXPECT_TRUE(layout_trace(make_trace({})).empty()); }

TEST(TraceLayout, TakesALongChain) {
  std::vector<collector::testing::SpanSpec> specs;
  std::vector<std::string> ids;
  for (int i = 1; i <= 3000; ++i) ids.push_back(fmt::format("{:x}", i));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    specs.push_back({.id = ids[i], .parent = i == 0 ? std::string_view{} : ids[i - 1]});
  }
  const auto trace = make_trace(specs);
  EXPECT_EQ(layout_trace(trace).back().last.size(), 2999U);
}

}  // namespace
}  // namespace hal::cli
