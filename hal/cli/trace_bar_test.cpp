#include <hal/cli/trace_bar.hpp>

#include <gtest/gtest.h>

#include <hal/cli/terminal_text.hpp>

namespace hal::cli {
namespace {

TEST(TraceBar, ShowsOffsetAndLength) {
  EXPECT_EQ(render_bar({0, 100, 100}, 10, false), "██████████");
  EXPECT_EQ(render_bar({0, 50, 100}, 10, false), "█████");
  EXPECT_EQ(render_bar({50, 50, 100}, 10, false), "     █████");
  EXPECT_EQ(render_bar({20, 30, 100}, 10, false), "  ███");
  EXPECT_EQ(render_bar({20, 30, 100}, 10, true), "  ===");
}

TEST(TraceBar, UsesPartsOfAColumn) {
  EXPECT_EQ(render_bar({0, 1, 8}, 1, false), "▏");
  EXPECT_EQ(render_bar({0, 7, 8}, 1, false), "▉");
  EXPECT_EQ(render_bar({4, 4, 8}, 1, false), "▐");
  EXPECT_EQ(render_bar({7, 1, 8}, 1, false), "▕");
  EXPECT_EQ(render_bar({5, 3, 16}, 2, false), "▐");
  EXPECT_EQ(render_bar({12, 6, 24}, 3, false), " ▐▎");
}

TEST(TraceBar, AlwaysDrawsSomethingAndNeverTooMuch) {
  for (std::uint64_t offset = 0; offset <= 120; ++offset) {
    for (const std::uint64_t length : {0U, 1U, 50U, 500U}) {
      for (const bool ascii : {false, true}) {
        const auto bar = render_bar({offset, length, 100}, 20, ascii);
        EXPECT_LE(display_width(bar), 20U);
        EXPECT_NE(bar.find_first_not_of(' '), std::string::npos) << offset << ' ' << length;
      }
    }
  }
  EXPECT_EQ(render_bar({0, 0, 0}, 10, false), "▏");
  EXPECT_EQ(render_bar({0, 5, 10}, 0, false), "");
}

}  // namespace
}  // namespace hal::cli
