#include <hal/wire/http2_memory.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

namespace hal::wire::http2 {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 63, 64, 65, 1000, 1024, 1025, 100'000};

std::string_view view(const void* block, std::size_t size) {
  return {static_cast<const char*>(block), size};
}

TEST(Http2Memory, BlocksAreApartAndUsedAgain) {
  Memory memory;
  const nghttp2_mem mem = memory.functions();
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    for (const std::size_t size : kSizes) {
      void* const block = mem.malloc(size, mem.mem_user_data);
      ASSERT_NE(block, nullptr);
      std::memset(block, static_cast<int>(blocks.size()), size);
      blocks.push_back(block);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      EXPECT_EQ(view(blocks[i], kSizes[i]), std::string(kSizes[i], static_cast<char>(i)));
      mem.free(blocks[i], mem.mem_user_data);
    }
  }
  mem.free(nullptr, mem.mem_user_data);
}

TEST(Http2Memory, CallocIsZeroInUsedMemoryToo) {
  Memory memory;
  const nghttp2_mem mem = memory.functions();
  void* block = mem.malloc(600, mem.mem_user_data);
  std::memset(block, 1, 600);
  mem.free(block, mem.mem_user_data);
  block = mem.calloc(3, 200, mem.mem_user_data);
  EXPECT_EQ(view(block, 600), std::string(600, '\0'));
  mem.free(block, mem.mem_user_data);
  const std::size_t half = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_EQ(mem.calloc(3, half, mem.mem_user_data), nullptr);
  EXPECT_EQ(mem.malloc(2 * half, mem.mem_user_data), nullptr);
}

TEST(Http2Memory, ReallocKeepsWhatWasThere) {
  Memory memory;
  const nghttp2_mem mem = memory.functions();
  void* block = mem.realloc(nullptr, 1, mem.mem_user_data);
  std::size_t filled = 0;
  for (const std::size_t size : kSizes) {
    block = mem.realloc(block, size, mem.mem_user_data);
    EXPECT_EQ(view(block, filled), std::string(filled, 'x'));
    std::memset(block, 'x', size);
    filled = size;
  }
  block = mem.realloc(block, 10, mem.mem_user_data);
  EXPECT_EQ(view(block, 10), std::string(10, 'x'));
  mem.free(block, mem.mem_user_data);
}

TEST(Http2Memory, WhatIsKeptIsBounded) {
  Memory memory;
  const nghttp2_mem mem = memory.functions();
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(mem.malloc(1000, mem.mem_user_data));
  for (void* const block : blocks) mem.free(block, mem.mem_user_data);
  EXPECT_LE(memory.kept(), 64U * 1024);
  memory.trim(5'000);
  EXPECT_LE(memory.kept(), 5'000U);
  memory.trim(0);
  EXPECT_EQ(memory.kept(), 0U);
}

}  // namespace
}  // namespace hal::wire::http2
