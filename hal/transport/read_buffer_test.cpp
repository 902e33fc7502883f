#include <hal/transport/read_buffer.hpp>

#include <gtest/gtest.h>

namespace hal::transport {
namespace {

void read(ReadBuffer& buffer, std::string_view bytes) {
  const auto room = buffer.writable();
  ASSERT_GE(room.size(), bytes.size());
  std::ranges::copy(bytes, room.begin());
  buffer.commit(bytes.size());
}

TEST(ReadBuffer, HoldsWhatIsUnread) {
  ReadBuffer buffer{8, 16};
  EXPECT_TRUE(buffer.empty());
  read(buffer, "abcd");
  buffer.consume(3);
  EXPECT_EQ(buffer.unread(), "d");
  read(buffer, "efghijk");
  EXPECT_EQ(buffer.unread(), "defghijk") << "what is unread moves to the front";
  buffer.consume(8);
  EXPECT_TRUE(buffer.empty());
}

TEST(ReadBuffer, GrowsWhenAReadFillsItUpToTheMaximum) {
  ReadBuffer buffer{4, 10};
  EXPECT_EQ(buffer.writable().size(), 4U);
  read(buffer, "abcd");
  EXPECT_EQ(buffer.writable().size(), 6U);
  read(buffer, "efghij");
  EXPECT_EQ(buffer.writable().size(), 0U);
  EXPECT_EQ(buffer.unread(), "abcdefghij");
  buffer.consume(2);
  EXPECT_EQ(buffer.writable().size(), 2U);
}

TEST(ReadBuffer, MayBeConsumedWhileARead) {
  ReadBuffer buffer{8, 8};
  read(buffer, "abcd");
  const auto room = buffer.writable();
  buffer.consume(4);
  room[0] = 'e';
  buffer.commit(1);
  EXPECT_EQ(buffer.unread(), "e");
}

}  // namespace
}  // namespace hal::transport
