#include <hal/identity/base64url.hpp>

#include <gtest/gtest.h>

#include <cctype>

namespace hal::identity {
namespace {

TEST(Base64Url, WritesAndReadsBytes) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff\xbf", "-_-_"},
      {std::string(3, '\0'), "AAAA"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64url_encode(std::string_view{bytes}), text);
    EXPECT_EQ(base64url_decode(text), bytes) << text;
  }
}

TEST(Base64Url, HasOneTextForEachSequenceOfBytes) {
  for (const char* text : {"Zg=", "Zg==", "Zh", "Zm9", "Zm8=", "Z", "Zm9vY", "+/+/", "Zm 9v",
                           " Zm9v", "Zm9v\n", "Zm9v.", "Zm9v=", "=", "Zm9\xc3\xa9"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'A', 'A', 'A', static_cast<char>(byte)};
    const auto bytes = base64url_decode(text);
    EXPECT_TRUE(!bytes || base64url_encode(std::string_view{*bytes}) == text) << byte;
    EXPECT_EQ(bytes.has_value(),
              byte < 128 && (std::isalnum(byte) != 0 || byte == '-' || byte == '_'))
        << byte;
  }
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(base64url_decode("Zm9v\0"sv), std::nullopt);
  EXPECT_EQ(base64url_decode("\0Zm9v"sv), std::nullopt);
}

TEST(Base64Url, AnArrayHasItsLength) {
  EXPECT_EQ(base64url_decode_array<3>("AQID"), (std::array<std::uint8_t, 3>{1, 2, 3}));
  EXPECT_EQ(base64url_decode_array<3>("AQI"), std::nullopt);
  EXPECT_EQ(base64url_decode_array<3>("AQIDBA"), std::nullopt);
  EXPECT_EQ(base64url_decode_array<3>("AQ+D"), std::nullopt);
  EXPECT_EQ(base64url_decode_array<2>("AQJ"), std::nullopt);
  EXPECT_EQ(base64url_decode_array<0>(""), (std::array<std::uint8_t, 0>{}));
}

}  // namespace
}  // namespace hal::identity
