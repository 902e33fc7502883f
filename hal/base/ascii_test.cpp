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
  EXPECT_FALSE(ascii_iequals("a", "ab"));
  EXPECT_EQ(ascii_lower("A_Z[\xC3"), "a_z[\xC3");
}

TEST(Ascii, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_int<int>("-12"), -12);
  EXPECT_EQ(parse_int<std::uint8_t>("ff", 16), 255);
  for (const char* bad : {"", " 1", "1 ", "+1", "1x", "256"}) {
    EXPECT_FALSE(parse_int<std::uint8_t>(bad).has_value()) << bad;
  }
}

TEST(Hex, WritesLowerCase) {
  EXPECT_EQ(to_hex(std::array<std::uint8_t, 2>{0x0f, 0xA0}), "0fa0");
  EXPECT_EQ(hex_value('F'), 15);
  EXPECT_EQ(hex_value('g'), -1);
}

}  // namespace
}  // namespace hal
