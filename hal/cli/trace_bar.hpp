// The bar beside a span: when in its trace it ran.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hal::cli {

/// A span's place in its trace, in any one unit.
struct BarPlace {
  std::uint64_t offset = 0;  ///< from the trace's start
  std::uint64_t length = 0;
  std::uint64_t total = 0;  ///< of the whole trace
};

/// `width` columns at most, without spaces behind the bar. Block elements give an eighth of a
/// column at the right end and a half at the left; `ascii` fills every column touched with '='.
/// However short the span, something is drawn.
[[nodiscard]] std::string render_bar(BarPlace place, std::size_t width, bool ascii);

}  // namespace hal::cli
