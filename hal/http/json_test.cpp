#include <hal/http/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace hal::http::json {
namespace {

struct Greeting {
  std::string status = "OK";
  std::string message;
  bool operator==(const Greeting&) const = default;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (status, message))

enum class Role { admin, kReadOnly, kHTTPUser };
BOOST_DESCRIBE_ENUM(Role, admin, kReadOnly, kHTTPUser)

struct Pagination {
  std::uint32_t total = 0;
  std::uint32_t current = 0;
  std::uint32_t page_size = 0;
  bool operator==(const Pagination&) const = default;

  static constexpr std::string_view json_name(std::string_view member) {
    return member == "page_size" ? "pageSize" : member;
  }
};
BOOST_DESCRIBE_STRUCT(Pagination, (), (total, current, page_size))

struct User {
  std::string name;
  std::optional<std::uint8_t> age;
  std::optional<Role> role;
  bool operator==(const User&) const = default;
};
BOOST_DESCRIBE_STRUCT(User, (), (name, age, role))

struct Page {
  std::vector<User> list;
  Pagination pagination;
  bool operator==(const Page&) const = default;
};
BOOST_DESCRIBE_STRUCT(Page, (), (list, pagination))

struct Tree {
  int id = 0;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (id, children))

struct Base {
  int base = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (base))

struct Derived : Base {
  int own = 0;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (own))

struct Empty {
  bool operator==(const Empty&) const = default;
};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

using Labels = std::map<std::string, std::string>;

/// The text is read to the value, and the value written to the text.
template <class T>
void both_ways(std::string_view text, const T& value) {
  const auto parsed = parse<T>(text);
  ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error().to_string();
  EXPECT_TRUE(*parsed == value) << text;
  EXPECT_EQ(to_string(value), text);
}

/// The text is read to the value, which is written differently.
template <class T>
void reads(std::string_view text, const T& value, const ParseOptions& options = {}) {
  const auto parsed = parse<T>(text, options);
  ASSERT_TRUE(parsed.has_value()) << text << ": " << parsed.error().to_string();
  EXPECT_TRUE(*parsed == value) << text << " is " << to_string(*parsed);
}

template <class T>
std::string refusal(std::string_view text, const ParseOptions& options = {}) {
  const auto parsed = parse<T>(text, options);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code(), Code::kInvalidArgument);
  return parsed.error().message();
}

TEST(Json, ScalarsBothWays) {
  both_ways("true", true);
  both_ways("false", false);
  both_ways<std::int8_t>("-128", -128);
  both_ways<std::uint8_t>("255", 255);
  both_ways("-2147483648", std::numeric_limits<int>::min());
  both_ways("9223372036854775807", std::numeric_limits<std::int64_t>::max());
  both_ways("-9223372036854775808", std::numeric_limits<std::int64_t>::min());
  both_ways("18446744073709551615", std::numeric_limits<std::uint64_t>::max());
  for (const auto& [text, value] : std::map<std::string, double>{
           {"0", 0.0},
           {"-1.5", -1.5},
           {"0.1", 0.1},
           {"1e+300", 1e300},
           {"5e-324", std::numeric_limits<double>::denorm_min()},
           {"1.7976931348623157e+308", std::numeric_limits<double>::max()},
           {"0.30000000000000004", 0.1 + 0.2}}) {
    both_ways(text, value);
  }
}

TEST(Json, StringsBothWays) {
  both_ways<std::string>(R"("")", "");
  both_ways<std::string>(R"("world")", "world");
  both_ways<std::string>(R"("\"\\/\n\r\t\b\f")", "\"\\/\n\r\t\b\f");
  both_ways<std::string>(R"("a\u0000b\u001f")", std::string{"a\0b\x1f", 4});
  both_ways<std::string>("\"\x7f\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"",
                         "\x7f\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  const std::string long_text(5000, 'x');
  both_ways<std::string>('"' + long_text + R"(\n")", long_text + '\n');
}

TEST(Json, ContainersBothWays) {
  both_ways<std::vector<int>>("[]", {});
  both_ways<std::vector<int>>("[1,2,3]", {1, 2, 3});
  both_ways<std::vector<std::vector<int>>>("[[],[1]]", {{}, {1}});
  both_ways<Labels>("{}", {});
  both_ways<Labels>(R"({"a b":"1","c":""})", {{"a b", "1"}, {"c", ""}});
  both_ways<std::optional<int>>("null", std::nullopt);
  both_ways<std::optional<int>>("7", 7);
  both_ways<std::vector<std::optional<int>>>("[1,null]", {1, std::nullopt});
  both_ways<std::map<std::string, std::optional<User>>>(
      R"({"a":null,"b":{"name":"n"}})", {{"a", std::nullopt}, {"b", User{"n", {}, {}}}});
}

TEST(Json, StructsBothWays) {
  both_ways(R"({"status":"OK","message":"world"})", Greeting{.message = "world"});
  both_ways("{}", Empty{});
  both_ways(R"({"name":"x"})", User{.name = "x", .age = {}, .role = {}});
  both_ways(R"({"name":"x","age":7,"role":"admin"})", User{"x", std::uint8_t{7}, Role::admin});
  both_ways(R"({"list":[{"name":"x"},{"name":"y"}],)"
            R"("pagination":{"total":2,"current":1,"pageSize":20}})",
            Page{.list = {{"x", {}, {}}, {"y", {}, {}}}, .pagination = {2, 1, 20}});
  both_ways(R"({"id":1,"children":[{"id":2,"children":[{"id":3,"children":[]}]}]})",
            Tree{1, {Tree{2, {Tree{3, {}}}}}});
}

TEST(Json, EnumsBothWays) {
  both_ways(R"("admin")", Role::admin);
  both_ways(R"("read_only")", Role::kReadOnly);
  both_ways(R"("httpuser")", Role::kHTTPUser);
}

TEST(Json, InheritedMembersCount) {
  const auto parsed = parse<Derived>(R"({"own":2,"base":1})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_string(*parsed), R"({"base":1,"own":2})");
}

TEST(Json, ReadsWhatItWritesDifferently) {
  reads(" { \"message\" :\t\"w\" ,\r\n\"status\":\"s\" } \n", Greeting{"s", "w"});
  reads<std::string>(R"("\u00e4\/\ud83d\ude00")", "\xC3\xA4/\xF0\x9F\x98\x80");
  reads(R"({"name":"x","age":null})", User{"x", {}, {}});
  reads("1E2", 100.0);
  reads("12345678901234567890123", 12345678901234567890123.0);
  reads("-0", 0);
  EXPECT_TRUE(std::signbit(parse<double>("-0").value()));
}

TEST(Json, WritesWhatItCannotRead) {
  EXPECT_EQ(to_string(std::vector<double>{std::numeric_limits<double>::quiet_NaN(),
                                          std::numeric_limits<double>::infinity()}),
            "[null,null]");
  EXPECT_EQ(to_string(static_cast<Role>(9)), "9");
  EXPECT_EQ(to_string(std::string{"a\xFF"
                                  "b\xC0\xAF\xED\xA0\x80\xE2\x82"}),
            "\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Json, AppendKeepsWhatIsThere) {
  std::string out = "data: ";
  append(out, Greeting{.message = "world"});
  EXPECT_EQ(out, R"(data: {"status":"OK","message":"world"})");
}

struct Bad {
  std::string_view text;
  std::string_view message;
};

template <class T>
void refuses(std::initializer_list<Bad> table, const ParseOptions& options = {}) {
  for (const auto& [text, message] : table) {
    EXPECT_EQ(refusal<T>(text, options), message) << text;
  }
}

TEST(Json, RefusesWhatDoesNotFitTheStruct) {
  refuses<Page>({
      {"[]", "$: expected object, got array (line 1, column 1)"},
      {"null", "$: expected object, got null (line 1, column 1)"},
      {R"({"list":{}})", "$.list: expected array, got object (line 1, column 9)"},
      {"{\"list\": [\n  {\"name\": \"x\"},\n  {\"name\": 7}]}",
       "$.list[1].name: expected string, got number (line 3, column 12)"},
      {R"({"list":[{"name":"x","age":256}]})",
       "$.list[0].age: number 256 is out of range 0 to 255 (line 1, column 28)"},
      {R"({"list":[{"name":"x","age":"7"}]})",
       "$.list[0].age: expected integer, got string (line 1, column 28)"},
      {R"({"list":[{"name":"x","role":"root"}]})",
       R"($.list[0].role: expected one of "admin", "read_only", "httpuser", got "root")"
       " (line 1, column 29)"},
      {R"({"list":[{"name":"x","role":1}]})",
       R"($.list[0].role: expected one of "admin", "read_only", "httpuser", got number)"
       " (line 1, column 29)"},
      {R"({"list":[{}]})", "$.list[0].name: required field is missing (line 1, column 11)"},
      {R"({"list":[]})", "$.pagination: required field is missing (line 1, column 11)"},
      {R"({"list":[],"list":[]})", "$.list: duplicate field (line 1, column 12)"},
      {R"({"list":[],"size":1})", "$.size: unknown field (line 1, column 12)"},
      {R"({"a \"b\"":1})", R"($["a \"b\""]: unknown field (line 1, column 2))"},
      {R"({"pagination":{"page_size":1}})",
       "$.pagination.page_size: unknown field (line 1, column 16)"},
  });
  refuses<Labels>({
      {R"({"a":"1","a":"2"})", "$.a: duplicate field (line 1, column 10)"},
      {R"({"a":true})", "$.a: expected string, got boolean (line 1, column 6)"},
      {R"({"a":"\"[{,","b":1.5})", "$.b: expected string, got number (line 1, column 18)"},
  });
}

TEST(Json, RefusesNumbersThatDoNotFit) {
  refuses<int>({
      {"2147483648",
       "$: number 2147483648 is out of range -2147483648 to 2147483647"
       " (line 1, column 1)"},
      {"-2147483649",
       "$: number -2147483649 is out of range -2147483648 to 2147483647"
       " (line 1, column 1)"},
      {"1.0", "$: expected integer, got number with a fraction or exponent (line 1, column 1)"},
      {"1e2", "$: expected integer, got number with a fraction or exponent (line 1, column 1)"},
      {"01", "$: text after the end of the value (line 1, column 2)"},
  });
  refuses<std::uint64_t>({
      {"-1", "$: number -1 is out of range 0 to 18446744073709551615 (line 1, column 1)"},
      {"18446744073709551616",
       "$: number 18446744073709551616 is out of range "
       "0 to 18446744073709551615 (line 1, column 1)"},
  });
  refuses<std::vector<double>>({
      {"[1e999]",
       "$[0]: number 1e999 is out of range of 64-bit floating point"
       " (line 1, column 2)"},
      {"[1e99999999999]", "$: number is out of range (line 1, column 13)"},
      {"[NaN]", "$: syntax error (line 1, column 2)"},
      {"[+1]", "$: syntax error (line 1, column 2)"},
      {"[1.]", "$: syntax error (line 1, column 4)"},
      {"[01]", "$: syntax error (line 1, column 3)"},
      {"[null]", "$[0]: expected number, got null (line 1, column 2)"},
  });
}

TEST(Json, RefusesWhatIsNoJson) {
  refuses<Labels>({
      {"", "$: the text ends too early (line 1, column 1)"},
      {"{\n", "$: the text ends too early (line 2, column 1)"},
      {R"({"a)", "$: the text ends too early (line 1, column 4)"},
      {R"({"a":)", "$.a: the text ends too early (line 1, column 6)"},
      {R"({"a":"b")", "$: the text ends too early (line 1, column 9)"},
      {R"({"a":"b",})", "$: syntax error (line 1, column 10)"},
      {R"({"a":"b" "c":"d"})", "$: syntax error (line 1, column 10)"},
      {R"({"a" "b"})", "$.a: syntax error (line 1, column 6)"},
      {R"({a:"b"})", "$: syntax error (line 1, column 2)"},
      {"{'a':1}", "$: syntax error (line 1, column 2)"},
      {"{}}", "$: text after the end of the value (line 1, column 3)"},
      {"{} {}", "$: text after the end of the value (line 1, column 4)"},
      {"/**/{}", "$: syntax error (line 1, column 1)"},
      {"\xEF\xBB\xBF{}", "$: syntax error (line 1, column 1)"},
  });
}

TEST(Json, RefusesBadStrings) {
  refuses<std::vector<std::string>>({
      {"[\"a\nb\"]", "$: syntax error (line 1, column 4)"},
      {R"(["\x"])", "$: syntax error (line 1, column 4)"},
      {R"(["\u12G4"])", "$: expected hex digit (line 1, column 7)"},
      {R"(["\ud800"])", "$: syntax error (line 1, column 9)"},
      {R"(["\udc00"])", "$: illegal trailing surrogate (line 1, column 9)"},
      {"[\"a\xFF\"]", "$: invalid UTF-8 (line 1, column 4)"},
      {"[\"\xC0\xAF\"]", "$: invalid UTF-8 (line 1, column 3)"},
      {"[\"ab\xC3(\"]", "$: invalid UTF-8 (line 1, column 5)"},
      {"[\"\xED\xA0\x80\"]", "$: invalid UTF-8 (line 1, column 3)"},
      {"[\"\xF4\x90\x80\x80\"]", "$: invalid UTF-8 (line 1, column 3)"},
  });
}

TEST(Json, LimitsDepth) {
  const ParseOptions shallow{.depth_max = 3};
  EXPECT_EQ(refusal<Tree>(R"({"id":1,"children":[{"id":2,"children":[]}]})", shallow),
            "$.children[0].children: nested deeper than 3 levels (line 1, column 40)");
  reads(R"({"id":1,"children":[]})", Tree{1, {}}, shallow);
  const ParseOptions skipping{.allow_unknown_fields = true};
  const auto nested = [](std::size_t levels) {
    return R"({"x":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + '}';
  };
  reads(nested(32), Empty{}, skipping);
  EXPECT_TRUE(refusal<Empty>(nested(33), skipping).contains("nested deeper than 32 levels"));
  EXPECT_TRUE(refusal<Empty>(nested(100'000), skipping).contains("nested deeper than 32 levels"));
}

TEST(Json, LimitsSize) {
  const ParseOptions small{.size_bytes_max = 4};
  reads("[12]", std::vector<int>{12}, small);
  EXPECT_EQ(refusal<std::vector<int>>("[123]", small), "$: 5 bytes are more than the limit of 4");
}

TEST(Json, MaySkipUnknownFields) {
  const ParseOptions skipping{.allow_unknown_fields = true};
  reads(R"({"x":{"message":[1,"]",{}]},"status":"s","y":null,"z":1e5,"message":"m","b":true})",
        Greeting{"s", "m"}, skipping);
  EXPECT_EQ(refusal<Greeting>(R"({"x":[1,{"y":tru}]})", skipping),
            "$.x[1].y: syntax error (line 1, column 14)");
  EXPECT_EQ(refusal<Greeting>(R"({"x":1,"status":"s"})", skipping),
            "$.message: required field is missing (line 1, column 20)");
}

TEST(Json, CutsLongNamesInMessages) {
  const std::string long_key(1000, 'k');
  const auto message = refusal<Greeting>("{\"" + long_key + "\":1}");
  EXPECT_LT(message.size(), 150U);
  EXPECT_TRUE(message.contains("unknown field")) << message;
}

TEST(Json, EveryPrefixIsRefusedAndNoneIsReadWrong) {
  const std::string text = R"({"list":[{"name":"\u00e4x","age":7,"role":"admin"}],)"
                           R"("pagination":{"total":2,"current":1,"pageSize":20}})";
  ASSERT_TRUE(parse<Page>(text).has_value());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(refusal<Page>(text.substr(0, size)).contains("ends too early")) << size;
  }
}

TEST(Json, AnyChangedByteIsReadOrRefused) {
  const std::string text = R"({"name":"\u00e4x","age":7,"role":"admin"})";
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const auto parsed = parse<User>(changed);
      if (!parsed) continue;
      const auto again = parse<User>(to_string(*parsed));
      ASSERT_TRUE(again.has_value()) << changed;
      EXPECT_TRUE(*again == *parsed) << changed;
    }
  }
}

}  // namespace
}  // namespace hal::http::json
