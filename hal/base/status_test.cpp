#include <hal/base/status.hpp>

#include <gtest/gtest.h>

namespace hal {
namespace {

TEST(Status, NamesCodesAsGrpcDoes) {
  EXPECT_EQ(name(Code::kOk), "OK");
  EXPECT_EQ(name(Code::kUnauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(code_from_number(14), Code::kUnavailable);
  EXPECT_EQ(code_from_number(17), Code::kUnknown);
}

TEST(Status, TravelsThroughResults) {
  const auto inner = []() -> Result<int> { return error(Code::kNotFound, "no such user"); }();
  const Result<> outer = error(inner.error().with_prefix("login"));
  EXPECT_EQ(outer.error().to_string(), "NOT_FOUND: login: no such user");
  EXPECT_EQ(Status{}.to_string(), "OK");
}

}  // namespace
}  // namespace hal
