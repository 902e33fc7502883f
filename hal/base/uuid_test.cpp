#include <hal/base/uuid.hpp>

#include <gtest/gtest.h>

#include <set>

namespace hal {
namespace {

TEST(Uuid, SetsVersionAndVariantAndKeepsTheRest) {
  std::array<std::uint8_t, 16> bytes{};
  EXPECT_EQ(uuid_from_random(bytes), "00000000-0000-4000-8000-000000000000");
  bytes.fill(0xff);
  EXPECT_EQ(uuid_from_random(bytes), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  EXPECT_EQ(uuid_from_random(bytes), "10111213-1415-4617-9819-1a1b1c1d1e1f");
}

TEST(Uuid, NoTwoAreAlike) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string uuid = make_uuid();
    EXPECT_TRUE(is_uuid(uuid)) << uuid;
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_TRUE(std::string_view{"89ab"}.contains(uuid[19])) << uuid;
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(Uuid, TellsUuidsFromOtherTexts) {
  EXPECT_TRUE(is_uuid("10111213-1415-4617-9819-1a1b1c1d1e1f"));
  for (const std::string_view text :
       {"", "10111213-1415-4617-9819-1a1b1c1d1e1", "10111213-1415-4617-9819-1a1b1c1d1e1ff",
        "10111213-1415-4617-9819-1A1b1c1d1e1f", "10111213-1415-4617-9819_1a1b1c1d1e1f",
        "101112131415-4617-9819-1a1b1c1d1e1f--", "g0111213-1415-4617-9819-1a1b1c1d1e1f",
        "1011121--1415-4617-9819-1a1b1c1d1e1f", "../11213-1415-4617-9819-1a1b1c1d1e1f"}) {
    EXPECT_FALSE(is_uuid(text)) << text;
  }
}

}  // namespace
}  // namespace hal
