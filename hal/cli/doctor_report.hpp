// A diagnosis as text for a terminal.
#pragma once

#include <hal/cli/trace_tree.hpp>
#include <hal/collector/doctor/finding.hpp>

#include <string>

namespace hal::cli {

/// What was read, for the closing line.
struct DoctorReading {
  std::string source{};  ///< the query API's base URL
  bool is_cut = false;   ///< the limit left traces out
};

/// Lines, each ended by a newline: for each finding its title, how often and since when, the
/// headers, what the spans show, one call as evidence, the cure; then doubts, then one line that
/// counts what was read. No line but those of ids and names is wider than `options.width`. What a
/// program sent cannot control the terminal. Thread-safe.
[[nodiscard]] std::string render_diagnosis(const collector::doctor::Diagnosis& diagnosis,
                                           const DoctorReading& reading,
                                           const TraceTreeOptions& options = {});

}  // namespace hal::cli
