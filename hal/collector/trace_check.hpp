// Is a trace whole? What `hal up --once` and the tests ask of every trace they make.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <hal/collector/span.hpp>

namespace hal::collector {

/// A span that a whole trace has; two of the same want two spans.
struct ExpectedSpan {
  std::string service;
  SpanKind kind = SpanKind::kUnspecified;
  friend bool operator==(const ExpectedSpan&, const ExpectedSpan&) = default;
};

struct TraceExpectations {
  std::vector<ExpectedSpan> spans{};
  /// The span of a caller outside, who sends no spans here: its children count as roots.
  std::optional<SpanId> remote_parent{};
};

/// What a message needs to say about a span.
struct SpanName {
  SpanId id{};
  SpanId parent_id{};
  std::string service{};
  std::string name{};
  friend bool operator==(const SpanName&, const SpanName&) = default;
};

struct TraceReport {
  TraceId id{};
  std::size_t spans = 0;
  std::vector<SpanName> roots{};           ///< a whole trace has exactly one
  std::vector<SpanName> missing_parent{};  ///< their parent_id is no span of the trace
  std::vector<SpanName> duplicate{};       ///< their id belongs to a span before them
  std::vector<SpanName> loops{};           ///< no root above them: they are their own ancestors
  std::vector<ExpectedSpan> missing{};

  /// One root, and nothing in any other list.
  [[nodiscard]] bool whole() const noexcept;

  /// One sentence for people per fault, none for a whole trace; each names the trace.
  [[nodiscard]] std::vector<std::string> problems() const;
};

/// Thread-safe; takes time in proportion to the number of spans.
[[nodiscard]] TraceReport check(const Trace& trace, const TraceExpectations& expectations = {});

}  // namespace hal::collector
