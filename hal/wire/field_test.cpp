#include <hal/wire/field.hpp>

#include <gtest/gtest.h>

#include <string>

namespace hal::wire {
namespace {

TEST(Field, ATokenHasTheseCharactersAlone) {
  const std::string_view allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int c = -128; c < 128; ++c) {
    const std::string text{'a', static_cast<char>(c), 'b'};
    EXPECT_EQ(valid_token(text), allowed.contains(static_cast<char>(c))) << c;
  }
  EXPECT_FALSE(valid_token(""));
}

TEST(Field, AValueHasNoControlCharacterButTab) {
  EXPECT_TRUE(valid_field_value(""));
  for (int c = -128; c < 128; ++c) {
    const std::string text{'a', static_cast<char>(c), 'b'};
    EXPECT_EQ(valid_field_value(text), c < 0 || c == '\t' || (c >= 0x20 && c != 0x7f)) << c;
  }
}

TEST(Field, AnErrorNamesTheFieldAndStaysPrintable) {
  EXPECT_TRUE(check_field({":path", "/"}));
  EXPECT_TRUE(check_field({"x-a", "b"}));
  EXPECT_EQ(check_field({"a\r\nb", ""}).error().message(),
            "'a??b' is no header name (RFC 9110 5.1)");
  EXPECT_EQ(check_field({"::a", ""}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(check_field({"x-a", "b\n"}).error().message(),
            "the value of header 'x-a' has a control character");
}

}  // namespace
}  // namespace hal::wire
