#include <hal/wire/url.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/wire/percent.hpp>
#include <hal/wire/query.hpp>

namespace hal::wire {
namespace {

using ::testing::HasSubstr;

TEST(Url, IsTakenApartAndPutTogether) {
  const struct {
    const char* text;
    const char* host;
    int port;
    const char* authority;
    const char* target;
  } cases[] = {
      {"http://localhost", "localhost", 80, "localhost", "/"},
      {"https://a.b", "a.b", 443, "a.b", "/"},
      {"HTTP://a:8080/", "a", 8080, "a:8080", "/"},
      {"http://127.0.0.1:4318/v1/traces", "127.0.0.1", 4318, "127.0.0.1:4318", "/v1/traces"},
      {"http://[::1]:9411/api/v2/spans", "::1", 9411, "[::1]:9411", "/api/v2/spans"},
      {"http://[fe80::1]", "fe80::1", 80, "[fe80::1]", "/"},
      {"http://my_service.ns/a%20b?c=d&e=%2F", "my_service.ns", 80, "my_service.ns",
       "/a%20b?c=d&e=%2F"},
      {"http://a?q", "a", 80, "a", "/?q"},
      {"http://a:/x", "a", 80, "a", "/x"},
  };
  for (const auto& good : cases) {
    SCOPED_TRACE(good.text);
    const auto url = parse_url(good.text);
    ASSERT_TRUE(url.has_value()) << url.error().to_string();
    EXPECT_EQ(url->host, good.host);
    EXPECT_EQ(url->port, good.port);
    EXPECT_EQ(url->authority(), good.authority);
    EXPECT_EQ(url->target(), good.target);
    EXPECT_TRUE(url->scheme == "http" || url->scheme == "https");
  }
}

TEST(Url, SaysWhatIsWrong) {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"", "http://"},
      {"localhost:80", "http://"},
      {"/path", "http://"},
      {"ftp://a", "scheme"},
      {"tcp://10.0.0.1:80", "scheme"},
      {"http://", "no host"},
      {"http:///x", "no host"},
      {"http://:80", "no host"},
      {"http://a:0", "port"},
      {"http://a:65536", "port"},
      {"http://a:8o", "URL"},
      {"http://a b", "URL"},
      {"http://a/\r\nX: y", "URL"},
      {"http://a/%zz", "URL"},
      {"http://a%20b/", "host"},
      {"http://[::1/", "URL"},
      {"http://a/#x", "fragment"},
      {"http://me:secret@a/", "password"},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.text);
    const auto url = parse_url(bad.text);
    ASSERT_FALSE(url.has_value());
    EXPECT_EQ(url.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(url.error().message(), HasSubstr(bad.says));
    EXPECT_THAT(url.error().message(), Not(HasSubstr("secret")));
    EXPECT_THAT(url.error().message(), Not(HasSubstr("\n")));
  }
}

TEST(ShownUrl, HidesWhatMayBeSecret) {
  const struct {
    const char* text;
    const char* shown;
  } cases[] = {
      {"http://a:80/b/c", "http://a:80/b/c"},
      {"http://me:secret@a/b", "http://***@a/b"},
      {"http://secret@[::1]:80", "http://***@[::1]:80"},
      {"http://a/@b/c@d", "http://a/@b/c@d"},
      {"http://a/?token=secret&x=secret=&y=", "http://a/?token=***&x=***&y=***"},
      {"http://a?secret", "http://a?***"},
      {"http://a?&secret&", "http://a?&***"},
      {"http://a/?", "http://a/?"},
      {"http://a/#access_token=secret", "http://a/#***"},
      {"http://a/?b=secret#c", "http://a/?b=***#***"},
      {"", ""},
      {"me:secret@a:80", "***@a:80"},
      {"http:/me:secret@a", "***@a"},
      {"http://me:sec/ret?secret@a:80/b", "http://***@a:80/b"},
      {"ftp://me:secret@a", "ftp://***@a"},
      {"http://a b\r\n?c=secret", "http://a b???c=***"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(shown_url(text), shown) << text;
  EXPECT_EQ(shown_url("http://" + std::string(1000, 'a')),
            "http://" + std::string(193, 'a') + "...");
}

TEST(HostPort, ErrorsShowNoPassword) {
  EXPECT_THAT(parse_host_port("me:secret@a").error().message(), Not(HasSubstr("secret")));
}

TEST(HostPort, IsReadWithAndWithoutBrackets) {
  EXPECT_EQ(parse_host_port("a:80"), (HostPort{"a", 80}));
  EXPECT_EQ(parse_host_port("10.0.0.1:0"), (HostPort{"10.0.0.1", 0}));
  EXPECT_EQ(parse_host_port("[::1]:65535"), (HostPort{"::1", 65535}));
  for (const char* bad : {"", "a", ":80", "a:", "a:x", "a:65536", "::1:80", "[]:80", "[a]:80",
                          "[::1]", "a b:80", "http://a:80"}) {
    EXPECT_FALSE(parse_host_port(bad).has_value()) << bad;
  }
}

TEST(Percent, IsWrittenAndReadAlike) {
  const struct {
    const char* text;
    const char* encoded;
  } cases[] = {{"", ""},
               {"AZaz09-._~", "AZaz09-._~"},
               {"a b/c?d", "a%20b%2Fc%3Fd"},
               {"100%+", "100%25%2B"},
               {"\xC3\xA4\x01\x7f", "%C3%A4%01%7F"}};
  for (const auto& [text, encoded] : cases) {
    EXPECT_EQ(percent_encode(text), encoded);
    EXPECT_EQ(percent_decode(encoded), text);
  }
  EXPECT_EQ(percent_decode("a+b%2b"), "a+b+");
  EXPECT_EQ(percent_decode("a+b%2b", Plus::kSpace), "a b+");
}

TEST(Percent, RefusesBrokenEscapes) {
  for (const char* bad : {"%", "%2", "%zz", "%2x", "a%", "%00", "a%00b"}) {
    EXPECT_EQ(percent_decode(bad).error().code(), Code::kInvalidArgument) << bad;
  }
  EXPECT_THAT(percent_decode("ab%zz").error().message(), HasSubstr("position 3"));
}

TEST(Query, IsWrittenAndReadAlike) {
  const QueryPairs pairs{{"a", "1"}, {"b c", "x&y=z"}, {"a", ""}, {"\xC3\xA4", "+"}};
  const std::string text = "a=1&b%20c=x%26y%3Dz&a=&%C3%A4=%2B";
  EXPECT_EQ(format_query(pairs), text);
  EXPECT_EQ(parse_query(text), pairs);
}

TEST(Query, ReadsWhatFormsSend) {
  EXPECT_EQ(parse_query(""), QueryPairs{});
  EXPECT_EQ(parse_query("&&a&&b=c+d&"), (QueryPairs{{"a", ""}, {"b", "c d"}}));
  EXPECT_EQ(parse_query("=x&a=b=c"), (QueryPairs{{"", "x"}, {"a", "b=c"}}));
  EXPECT_EQ(parse_query("a=%zz").error().code(), Code::kInvalidArgument);
  EXPECT_EQ(parse_query("%=b").error().code(), Code::kInvalidArgument);
  EXPECT_TRUE(parse_query("a&b", 2).has_value());
  EXPECT_EQ(parse_query("a&b&c", 2).error().code(), Code::kInvalidArgument);
}

TEST(Query, TargetsAreSplitAtTheFirstMark) {
  EXPECT_EQ(split_target("/a?b?c").path, "/a");
  EXPECT_EQ(split_target("/a?b?c").query, "b?c");
  EXPECT_EQ(split_target("/a").query, "");
  EXPECT_EQ(split_target("*").path, "*");
}

}  // namespace
}  // namespace hal::wire
