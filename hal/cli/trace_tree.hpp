// A trace as a tree for a terminal: what `hal up` and `hal trace show` print.
#pragma once

#include <cstddef>
#include <string>

#include <hal/collector/span.hpp>

namespace hal::cli {

struct TraceTreeOptions {
  std::size_t width = 100;     ///< columns of the terminal; under 60 counts as 60
  bool ascii = false;          ///< for terminals without UTF-8
  bool colour = false;         ///< ANSI colours: one per service, errors red
  std::size_t rows_max = 500;  ///< spans shown; the last line says how many are not
};

/// The trace as lines, each ended by a newline: a headline (id, spans, services, duration), then
/// one line per span: branches, service, name, kind, duration, and a bar that shows when in the
/// trace it ran. Children follow their parent by start. Long names lose their middle; no line is
/// wider than `width`. A failed span has a cross and its message under it. Spans whose parent is
/// not in the trace hang under a line that names the missing parent; spans that are their own
/// ancestors hang under one that says so; warnings come last. What a program sent cannot control
/// the terminal: it is made printable. Thread-safe.
[[nodiscard]] std::string render_trace(const collector::Trace& trace,
                                       const TraceTreeOptions& options = {});

}  // namespace hal::cli
