#include <hal/transport/http_date.hpp>

#include <gtest/gtest.h>

namespace hal::transport {
namespace {

TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_http_date(1709251199), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDate, NowHasTheSameForm) {
  const std::string_view now = http_date_now();
  EXPECT_EQ(now.size(), 29U);
  EXPECT_TRUE(now.ends_with(" GMT"));
  EXPECT_EQ(http_date_now().data(), now.data()) << "made once a second";
}

}  // namespace
}  // namespace hal::transport
