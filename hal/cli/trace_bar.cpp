#include <hal/cli/trace_bar.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace hal::cli {
namespace {

constexpr std::array<std::string_view, 9> kLeftBlocks{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

/// The column of which the eighths from `first` to `last` are covered.
std::string_view block(std::size_t first, std::size_t last) {
  if (first >= last) return " ";
  if (first == 0) return kLeftBlocks[last];
  // Unicode has no other blocks for the right side than the half and the eighth.
  if (last == 8) return first <= 2 ? "█" : first <= 5 ? "▐" : "▕";
  return first + last < 8 ? "▌" : "▐";
}

}  // namespace

std::string render_bar(BarPlace place, std::size_t width, bool ascii) {
  if (width == 0) return {};
  const auto eighths = static_cast<double>(8 * width);
  const auto scale = place.total == 0 ? 0.0 : eighths / static_cast<double>(place.total);
  const auto begin = std::min(std::floor(static_cast<double>(place.offset) * scale), eighths - 1);
  const auto end = std::ceil(static_cast<double>(place.offset + place.length) * scale);
  const auto first = static_cast<std::size_t>(begin);
  const auto last = static_cast<std::size_t>(std::clamp(end, begin + 1, eighths));

  std::string bar;
  for (std::size_t left = 0; left < last; left += 8) {
    const auto covered_first = std::clamp(first, left, left + 8) - left;
    const auto covered_last = std::min(last, left + 8) - left;
    if (ascii) {
      bar += covered_first < covered_last ? '=' : ' ';
    } else {
      bar += block(covered_first, covered_last);
    }
  }
  return bar;
}

}  // namespace hal::cli
