// What the terminal can show.
#pragma once

#include <hal/cli/trace_tree.hpp>

namespace hal::cli {

/// For standard output: its width, colours only on a terminal (and not with NO_COLOR), ASCII unless
/// the locale's character set is UTF-8.
[[nodiscard]] TraceTreeOptions terminal_tree_options();

}  // namespace hal::cli
