#include <hal/wire/request_id.hpp>

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace hal::wire {
namespace {

TEST(RequestId, IsAUuidWhoseVersionTellsTheDecision) {
  std::array<std::uint8_t, 16> ones;
  ones.fill(0xff);
  EXPECT_EQ(make_request_id(ones, true), "ffffffff-ffff-9fff-bfff-ffffffffffff");
  EXPECT_EQ(make_request_id(ones, false), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(make_request_id(std::array<std::uint8_t, 16>{}, true),
            "00000000-0000-9000-8000-000000000000");
  std::array<std::uint8_t, 16> counting{};
  for (std::size_t i = 0; i < 16; ++i) counting[i] = static_cast<std::uint8_t>(i * 0x11);
  EXPECT_EQ(make_request_id(counting, false), "00112233-4455-4677-8899-aabbccddeeff");
}

TEST(RequestId, FormHoldsForAnyBytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  for (int i = 0; i < 500; ++i) {
    std::array<std::uint8_t, 16> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const std::string id = make_request_id(bytes, i % 2 == 0);
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], i % 2 == 0 ? '9' : '4');
    EXPECT_NE(std::string{"89ab"}.find(id[19]), std::string::npos);
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(id[dash], '-');
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
  }
}

}  // namespace
}  // namespace hal::wire
