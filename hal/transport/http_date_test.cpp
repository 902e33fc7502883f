#include <hal/transport/http_date.hpp>

#include <gtest/gtest.h>

namespace hal::transport {
namespace {

TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDate, IsReadInEachForm) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_http_date(text), 784111777) << text;
  }
  for (const std::time_t time :
       {std::time_t{0}, std::time_t{1709251199}, std::time_t{4102444800}}) {
    EXPECT_EQ(parse_http_date(format_http_date(time)), time);
  }
  EXPECT_EQ(parse_http_date("Monday, 01-Jan-68 00:00:00 GMT"), 3092601600);
}

TEST(HttpDate, WhatIsNoDateIsNotRead) {
  for (const char* text :
       {"", "soon", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT x", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(HttpDate, NowHasTheSameForm) {
  const std::string_view now = http_date_now();
  EXPECT_EQ(now.size(), 29U);
  EXPECT_TRUE(now.ends_with(" GMT"));
  EXPECT_EQ(http_date_now().data(), now.data()) << "made once a second";
}

}  // namespace
}  // namespace hal::transport
