#include <hal/cli/terminal_text.hpp>

#include <gtest/gtest.h>

namespace hal::cli {
namespace {

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\u00b5s"), 2U);
  EXPECT_EQ(display_width("└─ "), 3U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("🚀"), 2U);
}

TEST(Printable, LeavesNothingThatControlsATerminal) {
  EXPECT_EQ(printable("GET /x é 日 🚀"), "GET /x é 日 🚀");
  EXPECT_EQ(printable("a\033[31mb\r\n\tc\x7f"), "a?[31mb???c?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");
  EXPECT_EQ(printable("\u202Eabc\u2066"), "?abc?");
}

TEST(Printable, BytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("a\xc3"), "a?");               // cut short
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // overlong
  EXPECT_EQ(printable("\xe0\x80\xaf"), "???");       // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
}

TEST(Shorten, KeepsBothEnds) {
  EXPECT_EQ(shorten("abcdef", 6, "…"), "abcdef");
  EXPECT_EQ(shorten("abcdef", 5, "…"), "ab…ef");
  EXPECT_EQ(shorten("abcdef", 4, "…"), "a…ef");
  EXPECT_EQ(shorten("abcdefgh", 6, "..."), "a...gh");
  EXPECT_EQ(shorten("abcdef", 2, "..."), "ab");
  EXPECT_EQ(shorten("abcdef", 0, "…"), "");
}

TEST(Shorten, NeverCutsACharacter) {
  for (std::size_t width = 0; width < 12; ++width) {
    const auto text = shorten("日本語テキスト", width, "…");
    EXPECT_LE(display_width(text), width);
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Pad, FillsColumnsNotBytes) {
  EXPECT_EQ(pad_right("µs", 4), "µs  ");
  EXPECT_EQ(pad_left("µs", 4), "  µs");
  EXPECT_EQ(pad_left("long", 2), "long");
}

TEST(HumanDuration, ThreeDigitsAndAUnit) {
  const std::vector<std::pair<std::uint64_t, std::string>> cases{
      {0, "<1 µs"},
      {999, "999 ns"},
      {1'000, "1.00 µs"},
      {9'994, "9.99 µs"},
      {9'996, "10.0 µs"},
      {99'960, "100 µs"},
      {410'000, "410 µs"},
      {999'600, "1.00 ms"},
      {2'413'000, "2.41 ms"},
      {999'600'000, "1.00 s"},
      {1'500'000'000, "1.50 s"},
      {59'400'000'000, "59.4 s"},
      {59'600'000'000, "1m00s"},
      {125'000'000'000, "2m05s"},
      {11'220'000'000'000, "3h07m"},
  };
  for (const auto& [ns, text] : cases) EXPECT_EQ(human_duration(ns), text) << ns;
  EXPECT_EQ(human_duration(1'500, "u"), "1.50 us");
}

TEST(Plural, OneIsNone) {
  EXPECT_EQ(plural(0, "span"), "0 spans");
  EXPECT_EQ(plural(1, "span"), "1 span");
  EXPECT_EQ(plural(2, "span"), "2 spans");
}

TEST(UtcTime, ToTheSecond) {
  EXPECT_EQ(utc_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_time(1'700'000'001'999'999'999), "2023-11-14T22:13:21Z");
}

}  // namespace
}  // namespace hal::cli
