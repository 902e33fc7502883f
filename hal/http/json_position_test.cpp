#include <hal/http/json_position.hpp>

#include <gtest/gtest.h>

namespace hal::http::json::detail {
namespace {

TEST(JsonPosition, FindsTokens) {
  constexpr std::string_view kText = R"( {"a\"]": [1, true],"b":{}} )";
  constexpr std::string_view kStarts = R"({"[1t]"{}})";
  for (std::size_t number = 1; number <= kStarts.size(); ++number) {
    const auto offset = token_offset(kText, number);
    ASSERT_LT(offset, kText.size()) << number;
    EXPECT_EQ(kText[offset], kStarts[number - 1]) << number;
  }
  EXPECT_EQ(token_offset(kText, kStarts.size() + 1), kText.size());
  EXPECT_EQ(token_offset("", 1), 0U);
  EXPECT_EQ(token_offset("\"open\\", 2), 6U);
}

TEST(JsonPosition, CountsLinesAndColumns) {
  EXPECT_EQ(line_and_column("abc", 0), "line 1, column 1");
  EXPECT_EQ(line_and_column("abc", 3), "line 1, column 4");
  EXPECT_EQ(line_and_column("a\nbc", 1), "line 1, column 2");
  EXPECT_EQ(line_and_column("a\nbc", 2), "line 2, column 1");
  EXPECT_EQ(line_and_column("a\n\nbc", 4), "line 3, column 2");
}

}  // namespace
}  // namespace hal::http::json::detail
