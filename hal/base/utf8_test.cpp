#include <hal/base/utf8.hpp>

#include <gtest/gtest.h>

#include <string>

namespace hal {
namespace {

TEST(Utf8, ReplacesWhatIsNoCharacter) {
  struct Case {
    std::string_view text;
    std::string_view expected;
  };
  const Case cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"longer than one word\xff", "longer than one word\uFFFD"},
      {"in the first\xff word, and behind it", "in the first\uFFFD word, and behind it"},
      {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "grüß € 😀"},
      {"a\xff"
       "b",
       "a\uFFFDb"},
      {"cut \xe2\x82", "cut \uFFFD\uFFFD"},
      {"\x80lone", "\uFFFDlone"},
      {"\xc0\xaf", "\uFFFD\uFFFD"},                      // overlong '/'
      {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},            // a surrogate
      {"\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // above U+10FFFF
      {"\xf0\x82\x82\xac", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // overlong
      {"\xf5", "\uFFFD"},
  };
  for (const auto& [text, expected] : cases) {
    std::string out;
    append_utf8(out, text);
    EXPECT_EQ(out, expected);
    EXPECT_EQ(find_invalid_utf8(text) == text.npos, text == expected) << text;
  }
}

TEST(Utf8, TellsAsciiWhereverTheOtherByteIs) {
  for (std::size_t size = 0; size < 20; ++size) {
    std::string text(size, '\x7f');
    EXPECT_TRUE(is_ascii(text)) << size;
    for (char& c : text) {
      c = '\x80';
      EXPECT_FALSE(is_ascii(text)) << size;
      c = '\x7f';
    }
  }
}

TEST(Utf8, FindsTheFirstWrongByte) {
  EXPECT_EQ(find_invalid_utf8("grün"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("\xc3\xbc\xff\xff"), 2U);
  EXPECT_EQ(find_invalid_utf8("ab\xe2\x82"), 2U);
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(cut_utf8("abc", 3), "abc");
  EXPECT_EQ(cut_utf8("abcd", 3), "abc");
  EXPECT_EQ(cut_utf8("ab€", 4), "ab");
  EXPECT_EQ(cut_utf8("ab€", 5), "ab€");
  EXPECT_EQ(cut_utf8("😀", 3), "");
  EXPECT_EQ(cut_utf8("\x80\x80\x80\x80\x80\x80", 5).size(), 2u);  // no character: still bounded
}

}  // namespace
}  // namespace hal
