#include <hal/http/json_rule.hpp>

#include <hal/http/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace hal::http::json {
namespace {

bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

struct Form {
  std::optional<std::string> name{};
  std::optional<std::string> password{};
  std::optional<std::uint8_t> age{};
  std::optional<std::int64_t> offset{};
  std::optional<std::uint64_t> big{};
  std::optional<double> share{};
  std::optional<std::vector<std::string>> tags{};
  std::optional<std::map<std::string, int>> counts{};
  static constexpr std::string_view json_name(std::string_view member) {
    return member == "name" ? "userName" : member;
  }
  static constexpr Rule kRules[] = {
      {.member = "name", .size = {.min = 1, .max = 4}, .fits = is_name, .allowed = "a to z"},
      {.member = "password", .size = {.min = 8}},
      {.member = "age", .range = {.min = 18, .max = 150}},
      {.member = "offset", .range = {.min = -5, .max = 5}},
      {.member = "big", .size = {}},
      {.member = "share", .range = {.min = 0, .max = 1}},
      {.member = "tags", .size = {.max = 2}},
      {.member = "counts", .size = {.min = 1, .max = 2}},
  };
};
BOOST_DESCRIBE_STRUCT(Form, (), (name, password, age, offset, big, share, tags, counts))

struct Outer {
  std::vector<Form> forms{};
};
BOOST_DESCRIBE_STRUCT(Outer, (), (forms))

struct Case {
  std::string_view text;
  std::string_view refusal;  ///< empty: it is read
};

TEST(JsonRule, IsCheckedWhereTheValueStands) {
  const Case cases[] = {
      {R"({"userName":"a"})", ""},
      {R"({"userName":"abcd"})", ""},
      {R"({"userName":null})", ""},
      {R"({"userName":""})", "$.userName: expected 1 to 4 bytes, got 0 (line 1, column 13)"},
      {R"({"userName":"abcde"})", "$.userName: expected 1 to 4 bytes, got 5 (line 1, column 13)"},
      {R"({"userName":"ä€"})", "$.userName: expected 1 to 4 bytes, got 5 (line 1, column 13)"},
      {R"({"userName":"aB"})", "$.userName: expected a to z (line 1, column 13)"},
      {R"({"password":"12345678"})", ""},
      {R"({"password":"secret!"})",
       "$.password: expected at least 8 bytes, got 7 (line 1, column 13)"},
      {R"({"age":18})", ""},
      {R"({"age":150})", ""},
      {R"({"age":17})", "$.age: number 17 is out of range 18 to 150 (line 1, column 8)"},
      {R"({"age":151})", "$.age: number 151 is out of range 18 to 150 (line 1, column 8)"},
      {R"({"age":256})", "$.age: number 256 is out of range 0 to 255 (line 1, column 8)"},
      {R"({"offset":-5})", ""},
      {R"({"offset":-6})", "$.offset: number -6 is out of range -5 to 5 (line 1, column 11)"},
      {R"({"offset":9223372036854775807})",
       "$.offset: number 9223372036854775807 is out of range -5 to 5 (line 1, column 11)"},
      {R"({"big":18446744073709551615})", ""},
      {R"({"share":0.5})", ""},
      {R"({"share":1})", ""},
      {R"({"share":1.01})", "$.share: number 1.01 is out of range 0 to 1 (line 1, column 10)"},
      {R"({"share":-1})", "$.share: number -1 is out of range 0 to 1 (line 1, column 10)"},
      {R"({"tags":[]})", ""},
      {R"({"tags":["","x"]})", ""},
      {R"({"tags":["","",""]})", "$.tags: expected at most 2 elements, got 3 (line 1, column 18)"},
      {R"({"counts":{"a":1,"b":2}})", ""},
      {R"({"counts":{}})", "$.counts: expected 1 to 2 elements, got 0 (line 1, column 12)"},
      {R"({"counts":{"a":1,"b":2,"c":3}})",
       "$.counts: expected 1 to 2 elements, got 3 (line 1, column 29)"},
  };
  for (const auto& [text, refusal] : cases) {
    const auto parsed = parse<Form>(text);
    EXPECT_EQ(parsed ? "" : parsed.error().message(), refusal) << text;
  }
}

TEST(JsonRule, HoldsForNestedStructs) {
  const auto parsed = parse<Outer>("{\"forms\":[\n{\"age\":18},\n{\"age\":1}]}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(parsed.error().message(),
            "$.forms[1].age: number 1 is out of range 18 to 150 (line 3, column 8)");
}

TEST(JsonRule, DoesNotBindTheWriter) {
  EXPECT_EQ(to_string(Form{.name = "UPPER CASE"}), R"({"userName":"UPPER CASE"})");
}

}  // namespace
}  // namespace hal::http::json
