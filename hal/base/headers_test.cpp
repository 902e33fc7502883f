#include <hal/base/headers.hpp>

#include <gtest/gtest.h>

namespace hal {
namespace {

TEST(Headers, KeepsAllWhileItGrows) {
  Headers headers;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    headers.add(std::string(i % 7, 'n'), std::string(i, 'v'));
    bytes += i % 7 + i;
  }
  EXPECT_EQ(headers.byte_size(), bytes);
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(headers.at(i), (Headers::Field{std::string(i % 7, 'n'), std::string(i, 'v')}));
  }
}

TEST(Headers, KeepsOrderAndDuplicatesAndComparesNamesWithoutCase) {
  Headers headers{{"Accept", "a"}, {"x-id", "1"}};
  headers.add("ACCEPT", "b");
  EXPECT_EQ(headers.get("accept"), "a");
  EXPECT_EQ(headers.joined("accept"), "a,b");
  EXPECT_EQ(headers.count("Accept"), 2U);
  EXPECT_EQ(headers.byte_size(), 7U + 5U + 7U);
  EXPECT_EQ(headers.at(2), (Headers::Field{"ACCEPT", "b"}));
}

TEST(Headers, SetReplacesAllOfAName) {
  Headers headers{{"a", "1"}, {"A", "2"}, {"b", "3"}};
  headers.set("a", "4");
  EXPECT_EQ(headers.joined("a"), "4");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.remove("nothing"), 0U);
  EXPECT_FALSE(headers.get("nothing").has_value());
}

}  // namespace
}  // namespace hal
