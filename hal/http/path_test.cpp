#include <hal/http/path.hpp>

#include <gtest/gtest.h>

namespace hal::http {
namespace {

struct Accepted {
  std::string target;
  std::string path;
  std::string query;
};

TEST(Path, TargetsAreCutIntoPathAndQuery) {
  const std::vector<Accepted> cases{
      {"/", "/", ""},
      {"/a/b?c=d?e", "/a/b", "c=d?e"},
      {"/a/b/?", "/a/b/", ""},
      {"//a//", "//a//", ""},
      {"/a%2Fb/%20", "/a%2Fb/%20", ""},
      {"/...", "/...", ""},
      {"/.well-known/x", "/.well-known/x", ""},
      {"http://host:80/a?b", "/a", "b"},
      {"http://host?b", "?b", "-"},
      {"https://host", "/", ""},
  };
  for (const auto& c : cases) {
    const auto target = parse_target("GET", c.target);
    if (c.query == "-") {
      EXPECT_FALSE(target) << c.target;
      continue;
    }
    ASSERT_TRUE(target) << c.target;
    EXPECT_EQ(target->path, c.path);
    EXPECT_EQ(target->query, c.query);
  }
  EXPECT_EQ(parse_target("OPTIONS", "*")->path, "*");
}

TEST(Path, RefusedTargets) {
  for (const std::string target : {"*", "", "host:80", "a/b", "/a/../b", "/..", "/a/.", "/./a",
                                   "/a/%2e%2E/b", "/a/%2e", "/a%2f..%2fb", "/%zz", "/%00", "/a%"}) {
    const auto parsed = parse_target("GET", target);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().http_status, 400);
    EXPECT_EQ(parsed.error().status.code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace hal::http
