#include <hal/config/value.hpp>

#include <gtest/gtest.h>

#include <boost/describe/enum.hpp>

namespace hal::config::detail {
namespace {

using namespace std::chrono_literals;

enum class Color { red, light_blue, DarkGreen, kHTTP };
BOOST_DESCRIBE_ENUM(Color, red, light_blue, DarkGreen, kHTTP)

template <class T>
std::string refusal(std::string_view text, Range range = {}) {
  T value{};
  return parse_any<T>(text, range, &value).value_or("");
}

/// Text that is read to `value`, which prints as `printed`.
template <class T>
struct Case {
  std::string_view text;
  T value;
  std::string_view printed;
};

template <class T>
void check(const std::vector<Case<T>>& cases) {
  for (const auto& [text, expected, printed] : cases) {
    T value{};
    const Refusal allowed = parse_any<T>(text, {}, &value);
    EXPECT_FALSE(allowed.has_value()) << text << ": " << allowed.value_or("");
    EXPECT_EQ(value, expected) << text;
    EXPECT_EQ(print_any<T>(&expected), printed) << text;
  }
}

TEST(Value, ReadsAndPrints) {
  check<bool>({{"true", true, "true"},
               {"1", true, "true"},
               {"YES", true, "true"},
               {"on", true, "true"},
               {"False", false, "false"},
               {"0", false, "false"},
               {"no", false, "false"},
               {"off", false, "false"}});
  check<int>({{"-7", -7, "-7"}, {"2147483647", 2147483647, "2147483647"}});
  check<std::uint8_t>({{"255", 255, "255"}});
  check<std::uint64_t>({{"18446744073709551615", ~0ULL, "18446744073709551615"}});
  check<std::int64_t>(
      {{"-9223372036854775808", std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"}});
  check<double>({{"0.1", 0.1, "0.1"}, {"-1e3", -1000, "-1000"}});
  check<std::chrono::milliseconds>({{"200ms", 200ms, "200ms"},
                                    {"5s", 5s, "5s"},
                                    {"2m", 2min, "2m"},
                                    {"1h", 1h, "1h"},
                                    {"250", 250ms, "250ms"},
                                    {"0", 0ms, "0s"},
                                    {"1.5s", 1500ms, "1500ms"},
                                    {"0.25m", 15s, "15s"}});
  check<std::chrono::seconds>({{"90", 90s, "90s"}, {"1000ms", 1s, "1s"}});
  check<std::chrono::nanoseconds>({{"3us", 3us, "3us"}, {"7", 7ns, "7ns"}});
  check<Color>({{"red", Color::red, "red"},
                {"light-blue", Color::light_blue, "light-blue"},
                {"Dark-Green", Color::DarkGreen, "dark-green"},
                {"http", Color::kHTTP, "http"}});
  check<Port>({{"0", Port{}, "0"}, {"65535", Port{65535}, "65535"}});
  check<std::vector<std::string>>(
      {{"a,b", {"a", "b"}, "a,b"}, {" a , ,b", {"a", "b"}, "a,b"}, {"", {}, ""}});
  check<std::optional<int>>({{"4", 4, "4"}});
  EXPECT_EQ(print_any<std::optional<int>>(std::make_unique<std::optional<int>>().get()), "");
}

TEST(Value, SaysWhatIsAllowed) {
  EXPECT_EQ(refusal<bool>("maybe"), "true or false (also 1/0, yes/no, on/off)");
  EXPECT_EQ(refusal<std::uint8_t>("256"), "a whole number from 0 to 255");
  EXPECT_EQ(refusal<std::uint64_t>("-1"), "a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(refusal<std::int64_t>("9223372036854775808"),
            "a whole number from -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(refusal<int>("0", {1, 9}), "a whole number from 1 to 9");
  EXPECT_EQ(refusal<int>("1.5", {1, 9}), "a whole number from 1 to 9");
  EXPECT_EQ(refusal<int>(" 1", {1, 9}), "a whole number from 1 to 9");
  EXPECT_EQ(refusal<double>("x"), "a number");
  EXPECT_EQ(refusal<double>("nan", {0, 1}), "a number from 0 to 1");
  EXPECT_EQ(refusal<double>("-1", {.min = 0}), "a number of at least 0");
  EXPECT_EQ(refusal<double>("2", {.max = 1}), "a number of at most 1");
  EXPECT_EQ(refusal<Color>("pink"), "one of red, light-blue, dark-green, http");
  EXPECT_EQ(refusal<std::optional<Port>>("65536"), "a port number from 0 to 65535");
  EXPECT_EQ(refusal<Port>("-1"), "a port number from 0 to 65535");
}

TEST(Value, RefusesDurationsThatDoNotFit) {
  const std::string allowed =
      "a duration such as 200ms, 5s or 2m (a bare number counts 1ms), in steps of 1ms";
  for (const std::string_view text :
       {"", "s", "5 s", "-1s", "1d", "1.s", "1..5s", "500us", "1.0005s", "9223372036855",
        "99999999999999999999", "1.0000000001s", "9223372036.9s"}) {
    EXPECT_EQ(refusal<std::chrono::milliseconds>(text), allowed) << text;
  }
  EXPECT_EQ(refusal<std::chrono::milliseconds>("2s", {1e6L, 1e9L}),
            allowed + ", at least 1ms, at most 1s");
}

}  // namespace
}  // namespace hal::config::detail
