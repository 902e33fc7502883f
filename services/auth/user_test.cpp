#include "user.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

using hal::Code;

TEST(User, a_name_has_one_spelling) {
  EXPECT_EQ(canonical_username("alice"), "alice");
  EXPECT_EQ(canonical_username("Alice.B+c@Example-1_2"), "alice.b+c@example-1_2");
  EXPECT_EQ(canonical_username("0"), "0");
  EXPECT_EQ(canonical_username(std::string(64, 'a')), std::string(64, 'a'));
}

TEST(User, other_names_are_refused_without_repeating_them) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view name : {""sv, " alice"sv, "alice "sv, "a b"sv, ".alice"sv, "-a"sv,
                                      "+a"sv, "@a"sv, "_a"sv, "al\0ice"sv, "alice\n"sv, "al'ice"sv,
                                      "al/ice"sv, "al\xc3\xa9"sv, "al\xff"sv, "al\"ice"sv}) {
    const auto result = canonical_username(name);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
    if (name.size() > 2) EXPECT_FALSE(result.error().message().contains(name));
  }
  const auto long_name = canonical_username(std::string(65, 'a'));
  ASSERT_FALSE(long_name);
  EXPECT_FALSE(long_name.error().message().contains("aaaa"));
  EXPECT_FALSE(canonical_username(std::string(10'000'000, 'a')));
}

TEST(User, roles_are_spelled_exactly) {
  for (const Role role : {Role::kUser, Role::kAdmin}) EXPECT_EQ(parse_role(name(role)), role);
  for (const auto* text : {"", "Admin", "admin ", "root"}) {
    const auto result = parse_role(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace auth
