#include <hal/base/ascii.hpp>

#include <gtest/gtest.h>

#include <hal/base/hex.hpp>

namespace hal {
namespace {

TEST(Ascii, TrimsOnlySpacesAndTabs) {
  EXPECT_EQ(ascii_trim(" \t a b\t"), "a b");
  EXPECT_EQ(ascii_trim(" \t"), "");
  EXPECT_EQ(ascii_trim("\na"), "\na");
}

TEST(Ascii, ComparesWithoutCase) {
  EXPECT_TRUE(ascii_iequals("Content-TYPE", "content-type"));
  EXPECT_TRUE(ascii_iequals("te", "te"));
  EXPECT_TRUE(ascii_iequals("", ""));
  EXPECT_FALSE(ascii_iequals("a", "ab"));
  EXPECT_FALSE(ascii_iequals("traceparent", "x-b3-spanid"));
  EXPECT_FALSE(ascii_iequals("[", "{"));  // as far apart as two cases of a letter
  EXPECT_EQ(ascii_lower("A_Z[\xC3"), "a_z[\xC3");
}

TEST(Ascii, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_int<int>("-12"), -12);
  EXPECT_EQ(parse_int<std::uint8_t>("ff", 16), 255);
  for (const char* bad : {"", " 1", "1 ", "+1", "1x", "256"}) {
    EXPECT_FALSE(parse_int<std::uint8_t>(bad).has_value()) << bad;
  }
}

TEST(Hex, WritesLowerCase) { EXPECT_EQ(to_hex(std::array<std::uint8_t, 2>{0x0f, 0xA0}), "0fa0"); }

TEST(Hex, ReadsDigitsOfEitherCaseAndNothingElse) {
  const std::string_view lower = "0123456789abcdef";
  const std::string_view upper = "0123456789ABCDEF";
  for (int c = -128; c < 128; ++c) {
    const auto at = std::min(lower.find(static_cast<char>(c)), upper.find(static_cast<char>(c)));
    EXPECT_EQ(hex_value(static_cast<char>(c)), at == lower.npos ? -1 : static_cast<int>(at)) << c;
  }
}

}  // namespace
}  // namespace hal
