#include <hal/wire/base64.hpp>

#include <gtest/gtest.h>

namespace hal::wire {
namespace {

// RFC 4648 10, and bytes that need the last two letters of the alphabet.
constexpr struct {
  const char* bytes;
  const char* padded;
} kCases[] = {{"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"},
              {"\xfb\xff\xfe", "+//+"}};

TEST(Base64, IsWrittenAndReadWithAndWithoutPadding) {
  for (const auto& [bytes, padded] : kCases) {
    std::string bare{padded};
    while (bare.ends_with('=')) bare.pop_back();
    EXPECT_EQ(base64_encode(bytes), bare);
    EXPECT_EQ(base64_encode(bytes, Padding::kFull), padded);
    EXPECT_EQ(base64_decode(padded), bytes);
    EXPECT_EQ(base64_decode(bare), bytes);
  }
}

TEST(Base64, AllBytesSurvive) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* bad : {"A", "A===", "=", "====", "Zg=", "Zg===", "Z=g=", "Zm9v=", "Zm 9", "-__-",
                          "Zh==", "Zm9", "Zg\n="}) {
    EXPECT_FALSE(base64_decode(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace hal::wire
