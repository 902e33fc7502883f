#include <hal/wire/trace_lists.hpp>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>

namespace hal::wire {
namespace {

constexpr ListLimits kLimits{.members_max = 32, .bytes_max = 4096};

std::string state(std::string_view list) { return bound_trace_state(list, kLimits); }

std::string numbered(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += fmt::format("k{}={},", i, i);
  return list;
}

TEST(TraceState, MembersKeepTheirOrderAndLoseSpaces) {
  EXPECT_EQ(state("foo=1,bar=2"), "foo=1,bar=2");
  EXPECT_EQ(state("foo=1 \t , \t bar=2, \t baz=3"), "foo=1,bar=2,baz=3");
  EXPECT_EQ(state(" foo=1\t"), "foo=1");
  EXPECT_EQ(state(",foo=1,,bar=2,"), "foo=1,bar=2");
  EXPECT_EQ(state(""), "");
  EXPECT_EQ(state(" , "), "");
}

TEST(TraceState, LegalKeysAndValues) {
  const std::string key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
  const std::string value = " !\"#$%&'()*+-./0123456789:;<>?@ABCXYZ[\\]^_`abcxyz{|}~";
  for (const std::string& member :
       {key + "=" + value, key + "@a-z0-9_-*/=" + value, std::string(256, 'z') + "=1",
        std::string{"1a=1"}, std::string(241, 't') + "@" + std::string(14, 'v') + "=1"}) {
    EXPECT_EQ(state(member), member);
  }
}

TEST(TraceState, OneBadMemberDiscardsTheList) {
  for (const std::string& bad : {std::string{"foo =1"},
                                 std::string{"FOO=1"},
                                 std::string{"foo.bar=1"},
                                 std::string{"foo@=1"},
                                 std::string{"@foo=1"},
                                 std::string{"foo@@bar=1"},
                                 std::string{"foo@bar@baz=1"},
                                 std::string{"foo=bar=baz"},
                                 std::string{"foo="},
                                 std::string{"foo"},
                                 std::string{"=1"},
                                 std::string{"_a=1"},
                                 std::string(257, 'z') + "=1",
                                 std::string(242, 't') + "@v=1",
                                 "t@" + std::string(15, 'v') + "=1",
                                 "v=" + std::string(257, 'x'),
                                 std::string{"a=b\tc"},
                                 std::string{"a=\r\nx: y"},
                                 std::string{"a=\0", 3},
                                 std::string{"a=\x80"}}) {
    EXPECT_EQ(state("good=1," + bad), "") << bad;
    EXPECT_EQ(state(bad + ",good=1"), "") << bad;
  }
}

TEST(TraceState, OfARepeatedKeyTheLeftmostMemberStays) {
  EXPECT_EQ(state("foo=1,foo=1"), "foo=1");
  EXPECT_EQ(state("foo=1,bar=2,foo=3"), "foo=1,bar=2");
  EXPECT_EQ(state("foo=1,foo=b=c"), "") << "every member is checked";
}

TEST(TraceState, ThirtyTwoMembersAtMost) {
  EXPECT_EQ(state(numbered(32)) + ",", numbered(32));
  EXPECT_EQ(state(numbered(33)), "");
  EXPECT_EQ(state(numbered(32) + "k0=0"), "") << "repeated ones count";
}

TEST(TraceState, ShrinksByLongMembersFirstThenFromTheRight) {
  const std::string long_member = "long=" + std::string(130, 'x');
  const std::string list = "a=1," + long_member + ",b=2,c=3";
  const auto bounded = [&](std::size_t bytes_max) {
    return bound_trace_state(list, {.members_max = 32, .bytes_max = bytes_max});
  };
  EXPECT_EQ(bounded(list.size()), list);
  EXPECT_EQ(bounded(list.size() - 1), "a=1,b=2,c=3");
  EXPECT_EQ(bounded(11), "a=1,b=2,c=3");
  EXPECT_EQ(bounded(10), "a=1,b=2");
  EXPECT_EQ(bounded(3), "a=1");
  EXPECT_EQ(bounded(2), "");
}

TEST(Baggage, MembersAreNeverCut) {
  const auto bounded = [](std::string_view list, std::size_t members, std::size_t bytes) {
    return bound_baggage(list, {.members_max = members, .bytes_max = bytes});
  };
  EXPECT_EQ(bounded("a=1,b=2;p=x=y, c=3", 64, 100), "a=1,b=2;p=x=y,c=3");
  EXPECT_EQ(bounded("a=1,b=2,c=3", 2, 100), "a=1,b=2");
  EXPECT_EQ(bounded("a=1,bbbbbbbbb=2,c=3", 64, 7), "a=1,c=3");
  EXPECT_EQ(bounded("a=1,a=2", 64, 100), "a=1,a=2") << "duplicates keep their order";
  EXPECT_EQ(bounded("k=%20%C3%A9", 64, 100), "k=%20%C3%A9");
  EXPECT_EQ(bounded("a=1", 0, 100), "");
  EXPECT_EQ(bounded("", 64, 100), "");
}

TEST(Baggage, MembersWithControlCharactersAreLeftOut) {
  const std::string list{"a=1,b=\r\nx: y,c=\0,d=4,e=\x7f", 24};
  EXPECT_EQ(bound_baggage(list, kLimits), "a=1,d=4");
}

TEST(Lists, Emptiness) {
  EXPECT_TRUE(is_empty_list(""));
  EXPECT_TRUE(is_empty_list(" ,\t,"));
  EXPECT_FALSE(is_empty_list(",a=1"));
}

}  // namespace
}  // namespace hal::wire
