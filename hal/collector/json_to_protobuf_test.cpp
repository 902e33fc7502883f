#include <hal/collector/json_to_protobuf.hpp>

#include <gmock/gmock.h>

#include <array>

#include <fmt/format.h>

#include <hal/base/hex.hpp>

namespace hal::collector {
namespace {

using ::testing::StartsWith;

constexpr std::array<std::string_view, 3> kColours{"RED", "GREEN", "BLUE"};
extern const JsonMessage kNode;
constexpr JsonField kFields[] = {
    {.name = "text", .number = 1},
    {.name = "raw", .number = 2, .form = JsonForm::kBase64},
    {.name = "id", .number = 3, .form = JsonForm::kHex},
    {.name = "loose", .number = 4, .form = JsonForm::kHexNumber},
    {.name = "ip", .number = 5, .form = JsonForm::kIpAddress},
    {.name = "flag", .number = 6, .form = JsonForm::kBool},
    {.name = "signed", .number = 7, .form = JsonForm::kInt64},
    {.name = "count", .number = 8, .form = JsonForm::kUint64},
    {.name = "time", .number = 9, .form = JsonForm::kFixed64},
    {.name = "ratio", .number = 10, .form = JsonForm::kDouble},
    {.name = "colour", .number = 11, .form = JsonForm::kEnum, .names = kColours},
    {.name = "child", .number = 12, .form = JsonForm::kMessage, .message = &kNode},
    {.name = "map", .number = 13, .form = JsonForm::kTextMap},
    {.name = "names", .number = 14, .repeated = true},
    {.name = "nodes",
     .number = 15,
     .form = JsonForm::kMessage,
     .repeated = true,
     .message = &kNode}};
constexpr JsonMessage kNode{kFields};
constexpr JsonField kRoot{.name = "", .number = 0, .form = JsonForm::kMessage, .message = &kNode};

/// The wire form in hexadecimal digits, or the error.
std::string wire(std::string_view text) {
  const auto bytes = json_to_protobuf(text, kRoot);
  if (!bytes) {
    EXPECT_EQ(bytes.error().code(), Code::kInvalidArgument);
    return std::string{bytes.error().message()};
  }
  return to_hex({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
}

TEST(JsonToProtobuf, WritesEachForm) {
  const std::pair<std::string, std::string> cases[] = {
      {"{}", ""},
      {R"({"text":"a\u00e9\u0000"})", "0a0461c3a900"},
      {R"({"raw":"AP8="})", "120200ff"},
      {R"({"raw":"_-8"})", "1202ffef"},
      {R"({"raw":""})", "1200"},
      {R"({"id":"0aFF"})", "1a020aff"},
      {R"({"loose":"aff"})", "22020aff"},
      {R"({"loose":""})", "2200"},
      {R"({"ip":"127.0.0.1"})", "2a047f000001"},
      {R"({"ip":"::1"})", "2a1000000000000000000000000000000001"},
      {R"({"ip":"some host"})", "2a00"},
      {R"({"flag":true})", "3001"},
      {R"({"flag":false})", "3000"},
      {R"({"signed":-1})", "38ffffffffffffffffff01"},
      {R"({"signed":"300"})", "38ac02"},
      {R"({"signed":-9223372036854775808})", "3880808080808080808001"},
      {R"({"count":18446744073709551615})", "40ffffffffffffffffff01"},
      {R"({"count":"18446744073709551615"})", "40ffffffffffffffffff01"},
      {R"({"count":1.5e1})", "400f"},
      {R"({"count":-0})", "4000"},
      {R"({"time":1})", "490100000000000000"},
      {R"({"ratio":0.5})", "51000000000000e03f"},
      {R"({"ratio":2})", "510000000000000040"},
      {R"({"ratio":"-Infinity"})", "51000000000000f0ff"},
      {R"({"colour":"BLUE"})", "5802"},
      {R"({"colour":7})", "5807"},
      {R"({"child":{"flag":true}})", "6282808080003001"},
      {R"({"child":{}})", "628080808000"},
      {R"({"map":{"a":"b","":""}})",
       "6a060a0161120162"
       "6a040a001200"},
      {R"({"names":["a","b"]})",
       "7201617201"
       "62"},
      {R"({"nodes":[{},{"flag":true}]})",
       "7a8080808000"
       "7a8280808000"
       "3001"},
      // What the tables lack, and null.
      {R"({"other":{"text":[1,{"a":null}]},"flag":true})", "3001"},
      {R"({"text":null,"names":null,"nodes":null,"child":null,"map":{"a":null}})", ""},
      {"{\"text\":\"\xff\"}", "0a01ff"},
  };
  for (const auto& [text, bytes] : cases) EXPECT_EQ(wire(text), bytes) << text;
}

TEST(JsonToProtobuf, RefusalsNamePathRuleAndPosition) {
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "$: expected object, got array (line 1, column 1)"},
      {"null", "$: expected object, got null"},
      {"7", "$: expected object, got number 7"},
      {R"({"text":1})", "$.text: expected string, got number 1 (line 1, column 9)"},
      {R"({"text":["a"]})", "$.text: expected string, got array"},
      {R"({"text":{}})", "$.text: expected string, got object"},
      {R"({"text":true})", "$.text: expected string, got true"},
      {R"({"raw":"a!"})", "$.raw: expected string of base64, got \"a!\""},
      {R"({"id":"abc"})", "$.id: expected string of hexadecimal digits, got \"abc\""},
      {R"({"id":"zz"})", "$.id: expected string of hexadecimal digits"},
      {R"({"id":12})", "$.id: expected string of hexadecimal digits, got number 12"},
      {R"({"ip":1})", "$.ip: expected string, got number 1"},
      {R"({"flag":1})", "$.flag: expected boolean, got number 1"},
      {R"({"flag":"true"})", "$.flag: expected boolean, got \"true\""},
      {R"({"signed":9223372036854775808})", "$.signed: expected integer of 64 bits, got number 9"},
      {R"({"signed":0.5})", "$.signed: expected integer of 64 bits, got number 0.5"},
      {R"({"signed":"x"})", "$.signed: expected integer of 64 bits, got \"x\""},
      {R"({"signed":""})", "$.signed: expected integer of 64 bits, got \"\""},
      {R"({"count":-1})", "$.count: expected integer from 0 to 18446744073709551615, got"},
      {R"({"count":18446744073709551616})", "$.count: expected integer from 0"},
      {R"({"count":"nan"})", "$.count: expected integer from 0"},
      {R"({"time":1e300})", "$.time: expected integer from 0"},
      {R"({"ratio":1e999})", "$.ratio: expected number, got number 1e999"},
      {R"({"ratio":"much"})", "$.ratio: expected number, got \"much\""},
      {R"({"ratio":1e99999999999})", "$.ratio: number is out of range"},
      {R"({"colour":"PINK"})", "$.colour: expected one of RED, GREEN, BLUE, got \"PINK\""},
      {R"({"colour":1.5})", "$.colour: expected one of RED, GREEN, BLUE, got number 1.5"},
      {R"({"child":[]})", "$.child: expected object, got array"},
      {R"({"child":{"nodes":[{},{"id":"x"}]}})", "$.child.nodes[1].id: expected string of hex"},
      {R"({"map":{"a b":1}})", R"($.map["a b"]: expected string, got number 1)"},
      {R"({"map":["a"]})", "$.map: expected object of strings, got array"},
      {R"({"names":"a"})", "$.names: expected array, got \"a\""},
      {R"({"names":{}})", "$.names: expected array, got object"},
      {R"({"names":["a",null]})", "$.names[1]: expected string, got null"},
      {R"({"names":[["a"]]})", "$.names[0]: expected string, got array"},
      {R"({"nodes":{}})", "$.nodes: expected array, got object"},
      {"{\"text\":\"a\",\n \"other\":[1,2", "$.other: the text ends too early (line 2, column 14)"},
      {"", "$: the text ends too early (line 1, column 1)"},
      {"{\"text\":\"a\0\"}", "$.text: "},
      {std::string{"{\"text\":\"a\0b\"}", 14}, "$.text: "},
      {R"({"text":"\ud800"})", "$.text: "},
      {R"({"text":"a"} {})", "$: text after the end of the value (line 1, column 14)"},
  };
  for (const auto& [text, words] : cases) EXPECT_THAT(wire(text), StartsWith(words)) << text;
}

TEST(JsonToProtobuf, NestingHasALimit) {
  const auto nested = [](std::size_t depth, std::string_view open, std::string_view close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  EXPECT_THAT(wire("{\"other\":" + nested(99, "[", "]") + "}"), "");
  EXPECT_THAT(wire("{\"other\":" + nested(100, "[", "]") + "}"),
              StartsWith("$.other" + nested(99, "[0]", "") + ": nested deeper than 100 levels"));
  EXPECT_THAT(wire(nested(100'000, R"({"child":)", "}")),
              ::testing::HasSubstr("nested deeper than 100 levels"));
}

TEST(JsonToProtobuf, GrowsWithTheTextOnly) {
  const auto grown = [](std::string_view item) {
    std::string text = R"({"nodes":[{})";
    for (int i = 0; i < 1000; ++i) text.append(",").append(item);
    text += "]}";
    return static_cast<double>(json_to_protobuf(text, kRoot)->size()) /
           static_cast<double>(text.size());
  };
  EXPECT_LE(grown("{}"), 4);
  EXPECT_LE(grown(R"({"map":{"":"","":""}})"), 4);
  EXPECT_LE(grown(R"({"nodes":[{},{},{},{},{},{},{}]})"), 4);
}

}  // namespace
}  // namespace hal::collector
