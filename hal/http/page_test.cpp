#include <hal/http/page.hpp>

#include <hal/http/testing/run_request.hpp>

#include <gtest/gtest.h>

namespace hal::http {
namespace {

struct User {
  std::string name{};
};
BOOST_DESCRIBE_STRUCT(User, (), (name))

Json<List<User>> users(Page page) { return Json{page.of(std::vector<User>{{"a"}, {"b"}}, 41)}; }

std::string answer(std::string query) {
  return testing::get(Router{}.get("/users", users), "/users" + query).body;
}

TEST(Page, IsSaidOfTheList) {
  EXPECT_EQ(answer("?current=3&pageSize=2"),
            R"({"list":[{"name":"a"},{"name":"b"}],)"
            R"("pagination":{"total":41,"current":3,"pageSize":2}})");
}

TEST(Page, Defaults) {
  const std::string first = answer("");
  EXPECT_TRUE(first.ends_with(R"("pagination":{"total":41,"current":1,"pageSize":20}})")) << first;
  EXPECT_TRUE(answer("?pageSize=100").ends_with(R"("current":1,"pageSize":100}})"));
  EXPECT_TRUE(answer("?current=4294967295").ends_with(R"("current":4294967295,"pageSize":20}})"));
}

TEST(Page, RefusesOtherNumbers) {
  const auto refusal = [](std::string_view name, std::string_view max, std::string_view got) {
    return fmt::format(R"({{"error":{{"code":400,"message":"query parameter '{}': expected an )"
                       R"(integer from 1 to {}, got '{}'"}}}})",
                       name, max, got);
  };
  for (const char* text : {"0", "-1", "1.0", "x", "", "101", "4294967296", " 1"}) {
    EXPECT_EQ(answer(fmt::format("?pageSize={}", text == std::string_view{" 1"} ? "%201" : text)),
              refusal("pageSize", "100", text));
  }
  EXPECT_EQ(answer("?current=0"), refusal("current", "4294967295", "0"));
  EXPECT_EQ(answer("?current=4294967296"), refusal("current", "4294967295", "4294967296"));
}

TEST(Page, EmptyListsAreLists) {
  const auto router =
      Router{}.get("/", [](Page page) { return Json{page.of(std::vector<User>{}, 0)}; });
  EXPECT_EQ(testing::get(router, "/").body,
            R"({"list":[],"pagination":{"total":0,"current":1,"pageSize":20}})");
}

}  // namespace
}  // namespace hal::http
