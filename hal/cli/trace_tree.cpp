#include <hal/cli/trace_tree.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include <hal/cli/terminal_text.hpp>
#include <hal/cli/trace_bar.hpp>
#include <hal/cli/trace_layout.hpp>

namespace hal::cli {
namespace {

using collector::Span;
using collector::Trace;

struct Glyphs {
  std::string_view tee, corner, pipe, blank, ellipsis, cross, micro;
};
constexpr Glyphs kUnicode{"├─ ", "└─ ", "│  ", "   ", "…", "✗", "µ"};
constexpr Glyphs kAscii{"|- ", "`- ", "|  ", "   ", "...", "x", "u"};

constexpr std::string_view kReset = "\033[0m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kRed = "\033[1;31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::array<std::string_view, 5> kServiceColours{"\033[36m", "\033[35m", "\033[34m",
                                                          "\033[32m", "\033[33m"};

constexpr std::size_t kGutter = 2;
constexpr std::size_t kGap = 2;
constexpr std::size_t kBarMax = 40;

/// The texts of one line and the columns they take, before the widths of all are known.
struct Cells {
  std::string prefix;  ///< branches
  std::string service;
  std::string name;
  std::string kind;
  std::string duration;
};

struct Widths {
  std::size_t service = 7;  ///< with branches
  std::size_t name = 4;
  std::size_t kind = 4;
  std::size_t duration = 4;
  std::size_t bar = 0;
};

/// Why the span failed, in the best words it has; empty when it has none.
std::string failure_text(const Span& span) {
  if (!span.status_message.empty()) return printable(span.status_message);
  for (const std::string_view key :
       {"error.type", "rpc.status_code", "http.response.status_code"}) {
    if (const auto* value = collector::find_attribute(span.attributes, key)) {
      return printable(fmt::format("{} {}", key, collector::to_text(*value)));
    }
  }
  return {};
}

class TreePrinter {
 public:
  TreePrinter(const Trace& trace, const TraceTreeOptions& options)
      : trace_{trace},
        options_{options},
        width_{std::max<std::size_t>(options.width, 60)},
        glyphs_{options.ascii ? kAscii : kUnicode},
        start_ns_{trace.start_unix_ns()},
        total_ns_{trace.end_unix_ns() - start_ns_} {
    for (const Span& span : trace.spans) {
      services_.try_emplace(span.service(), services_.size());
    }
  }

  std::string print() {
    auto rows = layout_trace(trace_);
    append_headline(rows);
    const std::size_t hidden = rows.size() - std::min(rows.size(), options_.rows_max);
    rows.resize(rows.size() - hidden);
    if (!rows.empty()) {
      fit(rows);
      append_header();
    }
    for (const TreeRow& row : rows) append_row(row);
    if (hidden > 0) append_note(fmt::format("{} {} more", glyphs_.ellipsis, hidden), kDim);
    for (const std::string& warning : trace_.warnings) {
      append_note("warning: " + printable(warning), kYellow);
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string painted(std::string_view text, std::string_view colour) const {
    if (!options_.colour || text.empty()) return std::string{text};
    return fmt::format("{}{}{}", colour, text, kReset);
  }

  [[nodiscard]] std::string_view colour_of(const Span& span) const {
    return kServiceColours[services_.find(span.service())->second % kServiceColours.size()];
  }

  [[nodiscard]] std::string duration(std::uint64_t ns) const {
    return human_duration(ns, glyphs_.micro);
  }

  void append_headline(const std::vector<TreeRow>& rows) {
    const auto errors =
        std::ranges::count(trace_.spans, collector::SpanStatus::kError, &Span::status);
    const auto roots = std::ranges::count_if(trace_.spans, &Span::is_root);
    const auto missing = std::ranges::count(rows, TreeRow::Kind::kMissingParent, &TreeRow::kind);
    std::string text = "trace " + trace_.id.hex();
    if (trace_.spans.empty()) {
      out_ += text + "  no spans\n";
      return;
    }
    std::string counts = fmt::format("{}, {}, {}", plural(trace_.spans.size(), "span"),
                                     plural(services_.size(), "service"), duration(total_ns_));
    const auto add = [&](std::ptrdiff_t count, std::string_view noun, std::ptrdiff_t from) {
      if (count >= from) counts += ", " + plural(static_cast<std::size_t>(count), noun);
    };
    add(roots, "root", 2);
    add(missing, "missing parent", 1);
    add(errors, "error", 1);
    const bool fits = text.size() + kGap + display_width(counts) <= width_;
    out_ += fmt::format("{}{}{}\n\n", text, fits ? "  " : "\n  ",
                        shorten(counts, width_ - kGutter, glyphs_.ellipsis));
  }

  /// One level of branches for each level of the tree; of a deep one only the lowest levels.
  [[nodiscard]] std::string branches(const std::vector<bool>& last, bool for_span) const {
    const std::size_t levels_max = (width_ - 36) / 8;
    std::string text;
    std::size_t level = 0;
    if (last.size() > levels_max) {
      level = last.size() - levels_max + 1;
      text = pad_right(glyphs_.ellipsis, 3);
    }
    for (; level < last.size(); ++level) {
      const bool is_own = for_span && level + 1 == last.size();
      if (is_own) {
        text += last[level] ? glyphs_.corner : glyphs_.tee;
      } else {
        text += last[level] ? glyphs_.blank : glyphs_.pipe;
      }
    }
    return text;
  }

  [[nodiscard]] Cells cells(const TreeRow& row) const {
    const Span& span = *row.span;
    return {.prefix = branches(row.last, true),
            .service = printable(span.service()),
            .name = printable(span.name),
            .kind = std::string{collector::name(span.kind)},
            .duration = duration(span.duration_ns())};
  }

  /// Gives each column the width its texts need; what is left goes to the bar. Where it is too
  /// much for the terminal, names are shortened first, then services.
  void fit(const std::vector<TreeRow>& rows) {
    for (const TreeRow& row : rows) {
      if (row.span == nullptr) continue;
      const Cells texts = cells(row);
      const auto widen = [](std::size_t& width, std::string_view text, std::size_t more = 0) {
        width = std::max(width, display_width(text) + more);
      };
      widen(widths_.service, texts.service, display_width(texts.prefix));
      widen(widths_.name, texts.name);
      widen(widths_.kind, texts.kind);
      widen(widths_.duration, texts.duration);
    }
    const std::size_t room = width_ - kGutter - 4 * kGap - widths_.kind - widths_.duration;
    const std::size_t wanted = widths_.service + widths_.name;
    const std::size_t bar_min = width_ / 5;
    widths_.bar = std::clamp(room - std::min(room, wanted), bar_min, kBarMax + width_ / 5);
    const std::size_t text_room = room - widths_.bar;
    if (wanted <= text_room) return;
    const std::size_t name_min = std::min({widths_.name, std::size_t{24}, text_room / 2});
    const std::size_t beside_service = text_room - std::min(text_room, widths_.service);
    widths_.name = std::max(name_min, beside_service);
    widths_.service = text_room - widths_.name;
  }

  void append_header() {
    const std::string gap(kGap, ' ');
    const std::string line = fmt::format(
        "{}{}{}{}{}{}{}{}{}0{}", std::string(kGutter, ' '), pad_right("service", widths_.service),
        gap, pad_right("span", widths_.name), gap, pad_right("kind", widths_.kind), gap,
        pad_left("time", widths_.duration), gap, pad_left(duration(total_ns_), widths_.bar - 1));
    out_ += painted(line, kDim) + '\n';
  }

  void append_row(const TreeRow& row) {
    if (row.kind == TreeRow::Kind::kMissingParent) {
      append_note(fmt::format("missing parent {}: nobody sent this span", row.id.hex()), kYellow);
    } else if (row.kind == TreeRow::Kind::kLoop) {
      append_note("no root: these spans are their own ancestors", kYellow);
    } else {
      append_span(row);
    }
  }

  void append_note(std::string_view text, std::string_view colour) {
    out_.append(kGutter, ' ');
    out_ += painted(shorten(text, width_ - kGutter, glyphs_.ellipsis), colour);
    out_ += '\n';
  }

  void append_span(const TreeRow& row) {
    const Span& span = *row.span;
    const Cells texts = cells(row);
    const bool is_error = span.status == collector::SpanStatus::kError;
    const auto colour = colour_of(span);
    const auto gap = std::string(kGap, ' ');
    const auto add = [&](std::string_view text, std::size_t width, std::string_view paint) {
      const std::string cell = shorten(text, width, glyphs_.ellipsis);
      out_ += (paint.empty() ? cell : painted(cell, paint));
      out_.append(width - display_width(cell), ' ');
    };
    add(is_error ? glyphs_.cross : "", kGutter, kRed);
    out_ += painted(texts.prefix, kDim);
    add(texts.service, widths_.service - display_width(texts.prefix), colour);
    out_ += gap;
    add(texts.name, widths_.name, is_error ? kRed : "");
    out_ += gap;
    add(texts.kind, widths_.kind, kDim);
    out_ += gap + pad_left(texts.duration, widths_.duration) + gap;
    const BarPlace place{
        .offset = span.start_unix_ns - start_ns_, .length = span.duration_ns(), .total = total_ns_};
    out_ += painted(render_bar(place, widths_.bar, options_.ascii), is_error ? kRed : colour);
    out_ += '\n';
    if (is_error) append_failure(row);
  }

  void append_failure(const TreeRow& row) {
    const std::string text = failure_text(*row.span);
    if (text.empty()) return;
    auto below = row.last;
    below.push_back(!row.has_children);
    const std::string prefix = branches(below, false);
    out_.append(kGutter, ' ');
    out_ += painted(prefix, kDim);
    const auto room = width_ - kGutter - std::min(display_width(prefix), width_ - kGutter);
    out_ += painted(shorten(text, room, glyphs_.ellipsis), kRed);
    out_ += '\n';
  }

  const Trace& trace_;
  const TraceTreeOptions& options_;
  const std::size_t width_;
  const Glyphs& glyphs_;
  const std::uint64_t start_ns_;
  const std::uint64_t total_ns_;
  std::map<std::string_view, std::size_t> services_;  ///< numbered as they appear
  Widths widths_;
  std::string out_;
};

}  // namespace

std::string render_trace(const Trace& trace, const TraceTreeOptions& options) {
  return TreePrinter{trace, options}.print();
}

}  // namespace hal::cli
