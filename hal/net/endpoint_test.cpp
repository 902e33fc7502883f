#include <hal/net/endpoint.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::net {
namespace {

struct Parsed {
  std::string_view text;
  Endpoint endpoint;
  std::string_view printed;
};

constexpr auto kSame = std::string_view{};

TEST(Endpoint, ParsesAndPrints) {
  const Parsed cases[] = {
      {"localhost:80", {"localhost", 80}, kSame},
      {"10.1.2.3:65535", {"10.1.2.3", 65535}, kSame},
      {"greeter.default.svc:9090", {"greeter.default.svc", 9090}, kSame},
      {"[::1]:8080", {"::1", 8080}, kSame},
      {"[fe80::1%eth0]:1", {"fe80::1%eth0", 1}, kSame},
      {"[::]:0", {"::", 0}, kSame},
      {":8080", {"", 8080}, kSame},
      {"*:8080", {"", 8080}, ":8080"},
      {"host:080", {"host", 80}, "host:80"},
  };
  for (const auto& [text, endpoint, printed] : cases) {
    EXPECT_EQ(parse_endpoint(text), endpoint) << text;
    EXPECT_EQ(to_string(endpoint), printed.empty() ? text : printed);
  }
}

TEST(Endpoint, SaysWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "it is empty"},
      {"localhost", "the port is missing"},
      {"localhost:", "the port \"\" is not within 0..65535"},
      {"localhost:http", "the port \"http\""},
      {"localhost:65536", "the port \"65536\""},
      {"localhost:-1", "the port \"-1\""},
      {"localhost: 80", "the port \" 80\""},
      {"::1:80", "an IPv6 address needs brackets"},
      {"[::1]", "a colon and a port must follow"},
      {"[::1]80", "a colon and a port must follow"},
      {"[::1]x:80", "a colon and a port must follow"},
      {"[::1:80", "the bracket is not closed"},
      {"[localhost]:80", "no IPv6 address between the brackets"},
      {"[127.0.0.1]:80", "no IPv6 address between the brackets"},
      {"http://localhost:80", "it is a URL"},
      {"tcp://10.0.0.1:80", "it is a URL"},
      {"me@host:80", "a character that no host name has"},
      {"a host:80", "a character that no host name has"},
  };
  for (const auto& [text, why] : cases) {
    const auto parsed = parse_endpoint(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(parsed.error().message(), ::testing::HasSubstr(why));
    EXPECT_THAT(parsed.error().message(),
                ::testing::StartsWith("\"" + std::string{text} + "\" is not an endpoint"));
  }
}

TEST(Endpoint, KnowsAddressesFromNames) {
  for (const auto* host : {"127.0.0.1", "::1", "::ffff:1.2.3.4", "fe80::1%2"}) {
    EXPECT_TRUE(is_numeric_host(host)) << host;
  }
  for (const auto* host : {"", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.4%1", "a::b::c"}) {
    EXPECT_FALSE(is_numeric_host(host)) << host;
  }
}

}  // namespace
}  // namespace hal::net
