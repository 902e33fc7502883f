#include <hal/wire/gzip.hpp>

#include <gtest/gtest.h>

#include <random>

namespace hal::wire {
namespace {

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random{seed};
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string words(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "{\"name\":\"span " + std::to_string(text.size()) + "\"},";
  text.resize(size);
  return text;
}

TEST(Gzip, RoundTrips) {
  const std::string cases[] = {"",
                               "a",
                               std::string(1, '\0'),
                               "hello, hello, hello",
                               words(100),
                               words(16 * 1024),
                               words(1000 * 1000),
                               noise(1, 1),
                               noise(16 * 1024 - 1, 2),
                               noise(16 * 1024, 3),
                               noise(16 * 1024 + 1, 4),
                               noise(1024 * 1024, 5),
                               std::string(64 * 1024, 'x')};
  for (const std::string& bytes : cases) {
    for (const auto level : {GzipLevel::kFast, GzipLevel::kDefault, GzipLevel::kSmall}) {
      const std::string packed = gzip(bytes, level);
      EXPECT_LE(packed.size(), bytes.size() + bytes.size() / 1000 + 32);
      const auto unpacked = gunzip(packed);
      ASSERT_TRUE(unpacked) << unpacked.error().to_string() << ", size " << bytes.size();
      EXPECT_EQ(*unpacked, bytes);
    }
  }
}

TEST(Gzip, EqualBytesGiveEqualBytes) { EXPECT_EQ(gzip(words(5000)), gzip(words(5000))); }

TEST(Gzip, TextBecomesShorter) { EXPECT_LT(gzip(words(100'000)).size(), 30'000U); }

TEST(Gzip, ReadsAMemberOfAnotherProgram) {
  // printf hello | gzip -n | xxd -p
  const std::string packed{
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36"
      "\x05\x00\x00\x00",
      25};
  EXPECT_EQ(gunzip(packed), "hello");
}

TEST(Gzip, SeveralMembersAreOneContent) {
  EXPECT_EQ(gunzip(gzip("one ") + gzip("") + gzip("two")), "one two");
}

TEST(Gzip, TheLimitIsExact) {
  const std::string packed = gzip(words(10'000));
  EXPECT_TRUE(gunzip(packed, {.output_bytes_max = 10'000}));
  const auto over = gunzip(packed, {.output_bytes_max = 9'999});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().to_string(),
            "RESOURCE_EXHAUSTED: gzip: the content is longer than the limit of 9999 bytes");
  EXPECT_EQ(gunzip(gzip(""), {.output_bytes_max = 0}), "");
  EXPECT_FALSE(gunzip(gzip("a"), {.output_bytes_max = 0}));
}

TEST(Gzip, TheLimitCountsAllMembers) {
  EXPECT_FALSE(gunzip(gzip("12345") + gzip("67890"), {.output_bytes_max = 9}));
}

TEST(Gzip, ABombIsRefused) {
  const std::string bomb = gzip(std::string(50'000'000, '\0'), GzipLevel::kSmall);
  ASSERT_LT(bomb.size(), 60'000U);
  const auto by_size = gunzip(bomb, {.ratio_max = 2000});
  ASSERT_FALSE(by_size);
  EXPECT_EQ(by_size.error().code(), Code::kResourceExhausted);
  const auto by_ratio = gunzip(bomb, {.output_bytes_max = 1'000'000'000});
  ASSERT_FALSE(by_ratio);
  EXPECT_EQ(by_ratio.error().to_string(),
            "RESOURCE_EXHAUSTED: gzip: the content is more than 200 times longer than its "
            "compressed form");
}

TEST(Gzip, ASmallMonotonousContentIsNoBomb) {
  EXPECT_TRUE(gunzip(gzip(std::string(64 * 1024, ' '))));
}

TEST(Gzip, EachTruncationIsTold) {
  const std::string packed = gzip(words(500));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto unpacked = gunzip(packed.substr(0, size));
    ASSERT_FALSE(unpacked) << size;
    EXPECT_EQ(unpacked.error().to_string(),
              "INVALID_ARGUMENT: gzip: it ends too early, at byte " + std::to_string(size));
  }
}

TEST(Gzip, EachDamagedByteOfContentOrChecksIsFound) {
  const std::string packed = gzip("some content that is checked, some content");
  for (std::size_t at = 10; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_FALSE(gunzip(damaged)) << at;
  }
}

TEST(Gzip, WhatIsNotGzipIsRefused) {
  const std::string cases[] = {"x", "{\"json\": true}", "\x78\x9c zlib", gzip("good") + "garbage",
                               gzip("good") + std::string(1, '\0')};
  for (const std::string& bytes : cases) {
    const auto unpacked = gunzip(bytes);
    ASSERT_FALSE(unpacked) << bytes;
    EXPECT_EQ(unpacked.error().code(), Code::kInvalidArgument);
  }
  EXPECT_EQ(gunzip("not gzip").error().message(), "gzip: incorrect header check at byte 2");
}

TEST(Gzip, RandomBytesNeverCrash) {
  const std::string packed = gzip(words(2000));
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random{seed};
    std::string bytes = packed;
    for (int change = 0; change < 4; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto unpacked = gunzip(bytes, {.output_bytes_max = 4000});
    if (unpacked) EXPECT_LE(unpacked->size(), 4000U);
  }
}

}  // namespace
}  // namespace hal::wire
