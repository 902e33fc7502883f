#include <hal/transport/read_memory.hpp>

#include <gtest/gtest.h>

namespace hal::transport {
namespace {

constexpr std::size_t kMax = 32 * 1024;
constexpr std::size_t kSmall = 100;
constexpr auto kOpen = [] { return true; };
constexpr auto kIdle = [] { return false; };

std::size_t size_of(const ReadMemory& memory) { return memory.span().size(); }

ReadMemory grown() {
  ReadMemory memory{kMax};
  memory.note_read(ReadMemory::kIdleBytes, kOpen);
  return memory;
}

TEST(ReadMemory, GrowsWhenAReadFillsIt) {
  ReadMemory memory{kMax};
  EXPECT_EQ(size_of(memory), ReadMemory::kIdleBytes);
  memory.note_read(ReadMemory::kIdleBytes - 1, kOpen);
  EXPECT_EQ(size_of(memory), ReadMemory::kIdleBytes);
  memory.note_read(ReadMemory::kIdleBytes, kOpen);
  EXPECT_EQ(size_of(memory), kMax);
  memory.note_read(kMax, kOpen);
  EXPECT_EQ(size_of(memory), kMax);
}

TEST(ReadMemory, StaysWhileLargeAndSmallReadsAlternate) {
  auto memory = grown();
  const char* const data = memory.span().data();
  for (int round = 0; round < 3; ++round) {
    for (int i = 1; i < ReadMemory::kSmallReads; ++i) memory.note_read(kSmall, kOpen);
    memory.note_read(ReadMemory::kIdleBytes + 1, kOpen);
  }
  EXPECT_EQ(memory.span().data(), data);
  EXPECT_EQ(size_of(memory), kMax);
}

TEST(ReadMemory, ShrinksAfterSmallReadsInARow) {
  auto memory = grown();
  for (int i = 1; i < ReadMemory::kSmallReads; ++i) memory.note_read(kSmall, kOpen);
  EXPECT_EQ(size_of(memory), kMax);
  memory.note_read(kSmall, kOpen);
  EXPECT_EQ(size_of(memory), ReadMemory::kIdleBytes);
}

TEST(ReadMemory, ShrinksAtOnceWhenNoMoreComes) {
  auto memory = grown();
  memory.note_read(kMax, kIdle);
  EXPECT_EQ(size_of(memory), kMax) << "only what is small tells";
  memory.note_read(kSmall, kIdle);
  EXPECT_EQ(size_of(memory), ReadMemory::kIdleBytes);
}

TEST(ReadMemory, IsNeverMoreThanItsMaximum) {
  ReadMemory memory{1'000};
  EXPECT_EQ(size_of(memory), 1'000U);
  memory.note_read(1'000, kOpen);
  EXPECT_EQ(size_of(memory), 1'000U);
}

}  // namespace
}  // namespace hal::transport
