#include <hal/http/route_tree.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RouteTree make(const std::vector<std::pair<std::string, std::string>>& routes) {
  RouteTree tree;
  for (std::size_t i = 0; i < routes.size(); ++i) tree.add(routes[i].first, routes[i].second, i);
  return tree;
}

/// "index: value, value", or "none".
std::string found(const RouteTree& tree, std::string_view path, std::string_view method = "GET") {
  const auto result = tree.find(method, path);
  if (result.index == RouteTree::npos) return "none";
  std::string text = std::to_string(result.index) + ":";
  for (std::size_t i = 0; i < result.count; ++i) text.append(" ").append(result.values[i]);
  return text;
}

TEST(RouteTree, FindsTextsParametersAndRests) {
  const auto tree = make({{"GET", "/"},
                          {"GET", "/a"},
                          {"GET", "/a/"},
                          {"GET", "/a/:x"},
                          {"GET", "/a/:x/c"},
                          {"GET", "/files/*rest"},
                          {"GET", "/a//b"}});
  EXPECT_EQ(found(tree, "/"), "0:");
  EXPECT_EQ(found(tree, "/a"), "1:");
  EXPECT_EQ(found(tree, "/a/"), "2:") << "a slash at the end is another path";
  EXPECT_EQ(found(tree, "/a/b"), "3: b");
  EXPECT_EQ(found(tree, "/a/b%20c"), "3: b%20c");
  EXPECT_EQ(found(tree, "/a/b/c"), "4: b");
  EXPECT_EQ(found(tree, "/a/b/d"), "none");
  EXPECT_EQ(found(tree, "/a/b/"), "none");
  EXPECT_EQ(found(tree, "/a//b"), "6:");
  EXPECT_EQ(found(tree, "/a//c"), "none") << "a parameter is not empty";
  EXPECT_EQ(found(tree, "/files/x/y/"), "5: x/y/");
  EXPECT_EQ(found(tree, "/files/"), "5: ");
  EXPECT_EQ(found(tree, "/files"), "none");
  EXPECT_EQ(found(tree, "//"), "none");
  EXPECT_EQ(found(tree, "/A"), "none");
  EXPECT_EQ(found(tree, "*"), "none");
}

TEST(RouteTree, TextBeatsParameterBeatsRest) {
  const auto tree = make(
      {{"GET", "/*all"}, {"GET", "/:x/b"}, {"GET", "/a/:y"}, {"GET", "/a/b"}, {"GET", "/a/c/d"}});
  EXPECT_EQ(found(tree, "/a/b"), "3:");
  EXPECT_EQ(found(tree, "/a/x"), "2: x");
  EXPECT_EQ(found(tree, "/z/b"), "1: z");
  EXPECT_EQ(found(tree, "/z/z"), "0: z/z");
  EXPECT_EQ(found(tree, "/a/c/d"), "4:");
  EXPECT_EQ(found(tree, "/a/c"), "2: c") << "goes back when a text leads nowhere";
  EXPECT_EQ(found(tree, "/a/c/e"), "0: a/c/e");
}

TEST(RouteTree, EncodedTextIsTheSameText) {
  const auto tree = make({{"GET", "/hello/w\xc3\xb6"}});
  EXPECT_EQ(found(tree, "/h%65llo/w%C3%B6"), "0:");
  EXPECT_EQ(found(tree, "/hello%2Fw\xc3\xb6"), "none");
}

TEST(RouteTree, OnlyPatternsWithTheMethodCount) {
  const auto tree = make({{"GET", "/users/me"}, {"PUT", "/users/:id"}, {"POST", "/users/:name"}});
  EXPECT_EQ(found(tree, "/users/me", "PUT"), "1: me");
  EXPECT_EQ(found(tree, "/users/me", "POST"), "2: me");
  EXPECT_EQ(found(tree, "/users/me", "DELETE"), "none");
}

TEST(RouteTree, GetAnswersHead) {
  const auto tree = make({{"GET", "/a"}, {"HEAD", "/b"}, {"GET", "/b"}, {"POST", "/c"}});
  EXPECT_EQ(found(tree, "/a", "HEAD"), "0:");
  EXPECT_EQ(found(tree, "/b", "HEAD"), "1:");
  EXPECT_EQ(found(tree, "/c", "HEAD"), "none");
}

TEST(RouteTree, MethodsOfAPath) {
  const auto tree = make({{"PUT", "/a/:x"}, {"GET", "/a/b"}, {"POST", "/*rest"}});
  EXPECT_THAT(tree.methods("/a/b"), ElementsAre("GET", "HEAD", "POST", "PUT"));
  EXPECT_THAT(tree.methods("/a/c"), ElementsAre("POST", "PUT"));
  EXPECT_THAT(tree.methods("*"), ElementsAre("GET", "HEAD", "POST", "PUT"));
  EXPECT_THAT(make({{"GET", "/a"}}).methods("/b"), IsEmpty());
}

TEST(RouteTree, ParametersOfAPattern) {
  EXPECT_THAT(RouteTree::parameters("/a/:x/b/:y/*z"), ElementsAre("x", "y", "z"));
  EXPECT_THAT(RouteTree::parameters("/"), IsEmpty());
}

TEST(RouteTreeDeath, MalformedPatterns) {
  for (const std::string pattern :
       {"", "a", "/:", "/*", "/*a/b", "/:a/:a", "/a/../b", "/:1/:2/:3/:4/:5/:6/:7/:8/:9"}) {
    EXPECT_DEATH((void)RouteTree::parameters(pattern),
                 "route pattern '" + (pattern.starts_with("/*") ? "" : pattern));
  }
}

}  // namespace
}  // namespace hal::http
