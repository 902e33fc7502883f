#include <hal/net/handler_slot.hpp>

#include <gtest/gtest.h>

namespace hal::net::detail {
namespace {

TEST(HandlerSlot, GivesItsOwnMemoryToOneHandlerAtATime) {
  HandlerSlot slot;
  void* const first = slot.allocate(100);
  void* const second = slot.allocate(100);
  EXPECT_NE(first, second);
  slot.deallocate(first);
  EXPECT_EQ(slot.allocate(150), first);
  slot.deallocate(second);
  slot.deallocate(first);
}

TEST(HandlerSlot, TakesWhatIsTooLargeFromTheHeap) {
  HandlerSlot slot;
  void* const large = slot.allocate(10'000);
  void* const small = slot.allocate(8);
  const auto* const begin = reinterpret_cast<std::byte*>(&slot);
  EXPECT_TRUE(small >= begin && small < begin + sizeof slot);
  EXPECT_FALSE(large >= begin && large < begin + sizeof slot);
  slot.deallocate(large);
  slot.deallocate(small);
}

TEST(SlotAllocator, IsRebound) {
  HandlerSlot slot;
  SlotAllocator<std::byte> bytes{slot};
  SlotAllocator<long> longs{bytes};
  EXPECT_TRUE(bytes == longs);
  long* const value = longs.allocate(2);
  longs.deallocate(value, 2);
  EXPECT_EQ(bytes.allocate(1), reinterpret_cast<std::byte*>(value));
}

}  // namespace
}  // namespace hal::net::detail
