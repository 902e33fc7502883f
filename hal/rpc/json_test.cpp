#include <hal/rpc/json.hpp>

#include <testing/echo.pb.h>

#include <gtest/gtest.h>

namespace hal::rpc {
namespace {

TEST(Json, is_protobufs_own_mapping) {
  test::rpc::Request request;
  EXPECT_EQ(to_json(request), "{}");
  request.set_text("a\"b\n");
  request.set_wait_ms(7);
  EXPECT_EQ(to_json(request), R"({"text":"a\"b\n","waitMs":7})");
}

TEST(Json, field_names_come_in_both_spellings) {
  for (const std::string json :
       {R"({"waitMs": 7})", R"({"wait_ms": "7"})", R"( {"waitMs":7.0} )"}) {
    test::rpc::Request request;
    ASSERT_TRUE(from_json(json, request)) << json;
    EXPECT_EQ(request.wait_ms(), 7);
  }
}

TEST(Json, says_which_type_it_is_not) {
  test::rpc::Request request;
  const auto outcome = from_json(R"({"wait": 7})", request);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::kInternal);
  EXPECT_TRUE(outcome.error().message().starts_with("the JSON is no test.rpc.Request: "))
      << outcome.error().message();
}

TEST(Json, depth_has_a_limit) {
  test::rpc::Request request;
  EXPECT_FALSE(from_json(std::string(100'000, '['), request));
}

}  // namespace
}  // namespace hal::rpc
