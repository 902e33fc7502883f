// What clients are told of bodies that are not what a handler takes: one table for all habits.
#include <hal/http/extract.hpp>

#include <hal/http/testing/run_request.hpp>

#include <gtest/gtest.h>

#include <random>

namespace hal::http {
namespace {

struct Credentials {
  std::string username{};
  std::string password{};
  std::optional<std::vector<std::string>> scopes{};
  static constexpr json::Rule kRules[] = {
      {.member = "username", .size = {.min = 1, .max = 64}},
      {.member = "password", .size = {.min = 8, .max = 1024}},
  };
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, password, scopes))

Router router() {
  return Router{}.post("/login", [](Json<Credentials> body) { return body->username; });
}

struct Case {
  std::string_view what;
  std::string body;
  int status;
  std::string message;
};

std::string credentials(std::string_view rest) {
  return R"({"username":"ann","password":"correct horse")" + std::string{rest} + "}";
}

const Case kCases[] = {
    {"a right one", credentials(""), 200, ""},
    {"white space", " \r\n\t" + credentials("\n") + "\n", 200, ""},
    {"an optional field", credentials(R"(,"scopes":["a"])"), 200, ""},
    {"nothing", "", 400, "$: the text ends too early (line 1, column 1)"},
    {"no JSON", "username=ann", 400, "$: syntax error (line 1, column 1)"},
    {"cut off", "{\n \"username\": \"a", 400,
     "$.username: the text ends too early (line 2, column 16)"},
    {"a comma too much", credentials(","), 400, "$: syntax error (line 1, column 46)"},
    {"on the third line", "{\n\"username\":\"ann\",\n\"password\" \"x\"}", 400,
     "$.password: syntax error (line 3, column 12)"},
    {"more behind", credentials("") + "{}", 400,
     "$: text after the end of the value (line 1, column 46)"},
    {"a list", "[]", 400, "$: expected object, got array (line 1, column 1)"},
    {"a literal", "null", 400, "$: expected object, got null (line 1, column 1)"},
    {"an unknown field", credentials(R"(,"admin":true)"), 400,
     "$.admin: unknown field (line 1, column 46)"},
    {"another case", R"({"Username":"ann"})", 400, "$.Username: unknown field (line 1, column 2)"},
    {"a missing field", R"({"username":"ann"})", 400,
     "$.password: required field is missing (line 1, column 18)"},
    {"a wrong type", R"({"username":7})", 400,
     "$.username: expected string, got number (line 1, column 13)"},
    {"null for a required field", R"({"username":null})", 400,
     "$.username: expected string, got null (line 1, column 13)"},
    {"a wrong type inside", credentials(R"(,"scopes":["a",{}])"), 400,
     "$.scopes[1]: expected string, got object (line 1, column 60)"},
    {"a duplicate", credentials(R"(,"username":"bob")"), 400,
     "$.username: duplicate field (line 1, column 46)"},
    {"a duplicate in other letters", credentials(R"(,"\u0075sername":"bob")"), 400,
     "$.username: duplicate field (line 1, column 46)"},
    {"too short", R"({"username":"ann","password":"hunter2"})", 400,
     "$.password: expected 8 to 1024 bytes, got 7 (line 1, column 30)"},
    {"too long", R"({"username":")" + std::string(65, 'a') + R"("})", 400,
     "$.username: expected 1 to 64 bytes, got 65 (line 1, column 13)"},
    {"40 brackets for a text", credentials(R"(,"scopes":)" + std::string(40, '[')), 400,
     "$.scopes[0]: expected string, got array (line 1, column 56)"},
    {"100,000 brackets", std::string(100'000, '['), 400,
     "$: expected object, got array (line 1, column 1)"},
    {"no UTF-8", "{\"username\":\"a\xff\"}", 400, "$.username: invalid UTF-8 (line 1, column 15)"},
    {"an overlong form", "{\"username\":\"\xc0\xaf\"}", 400,
     "$.username: invalid UTF-8 (line 1, column 14)"},
    {"half a pair", R"({"username":"\ud800"})", 400,
     "$.username: syntax error (line 1, column 20)"},
    {"a byte order mark", "\xef\xbb\xbf{}", 400, "$: syntax error (line 1, column 1)"},
    {"UTF-16", std::string{"{\0\"\0", 4}, 400, "$: syntax error (line 1, column 2)"},
};

TEST(JsonBody, EveryHabit) {
  for (const auto& c : kCases) {
    const auto response = testing::post_json(router(), "/login", c.body);
    EXPECT_EQ(response.status, c.status) << c.what << ": " << response.body;
    if (c.status == 200) continue;
    std::string expected = R"({"error":{"code":400,"message":)";
    json::append_string(expected, "body: " + c.message);
    EXPECT_EQ(response.body, expected + "}}") << c.what;
  }
}

TEST(JsonBody, NoAnswerQuotesASecret) {
  const std::string secret = "hunter2";
  for (const std::string& body :
       {R"({"username":"ann","password":"hunter2"})", R"({"username":"ann","password":"hunter2)",
        "{\"username\":\"ann\",\"password\":\"hunter2\xff and more\"}",
        R"({"username":"ann","password":["hunter2"]})"}) {
    const auto response = testing::post_json(router(), "/login", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_FALSE(response.body.contains(secret)) << response.body;
  }
}

/// A body with a few of its bytes changed, doubled, dropped, or cut off.
std::string mutated(std::string body, std::mt19937& random) {
  using namespace std::string_view_literals;  // one of the bytes is NUL
  static constexpr std::string_view kBytes = "\"\\{}[]:,u0eE-+. \n\0\x7f\x80\xc3\xed\xff"sv;
  const auto below = [&](std::size_t end) { return random() % end; };
  for (std::size_t changes = 1 + below(4); changes > 0 && !body.empty(); --changes) {
    const std::size_t at = below(body.size());
    switch (below(5)) {
      case 0:
        body[at] = kBytes[below(kBytes.size())];
        break;
      case 1:
        body.insert(at, 1, kBytes[below(kBytes.size())]);
        break;
      case 2:
        body.erase(at, 1 + below(3));
        break;
      case 3:
        body.insert(at, body.substr(below(body.size()), below(32)));
        break;
      default:
        if (below(8) == 0) body.resize(at);
    }
  }
  return body;
}

TEST(JsonBody, AHundredThousandHostileOnesAreReadRightOrRefused) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random{kSeed};
  const std::string bodies[] = {credentials(""), credentials(R"(,"scopes":["a","b"])"),
                                R"({"username":"\u00e4\ud83d\ude00","password":"\"\\ 12345678"})"};
  int read = 0;
  for (std::size_t i = 0; i < 100'000; ++i) {
    const std::string body = mutated(bodies[i % std::size(bodies)], random);
    const auto parsed = json::parse<Credentials>(body);
    if (!parsed) {
      ASSERT_EQ(parsed.error().code(), Code::kInvalidArgument) << body;
      ASSERT_LT(parsed.error().message().size(), 300U) << body;
      continue;
    }
    ++read;
    ASSERT_TRUE(!parsed->username.empty() && parsed->username.size() <= 64) << body;
    ASSERT_TRUE(parsed->password.size() >= 8 && parsed->password.size() <= 1024) << body;
    const auto again = json::parse<Credentials>(json::to_string(*parsed));
    ASSERT_TRUE(again && again->username == parsed->username &&
                again->password == parsed->password && again->scopes == parsed->scopes)
        << body;
  }
  // Both ways are tried: about half of the changes fall into a text.
  EXPECT_GT(read, 10'000) << "seed " << kSeed;
  EXPECT_LT(read, 90'000) << "seed " << kSeed;
}

TEST(JsonBody, ContentTypes) {
  struct Type {
    Headers headers;
    int status;
  };
  const Type types[] = {
      {{{"content-type", "application/json"}}, 200},
      {{{"content-type", "APPLICATION/Json ; charset=UTF-8"}}, 200},
      {{{"content-type", "application/vnd.hal+json"}}, 200},
      {{}, 415},
      {{{"content-type", ""}}, 415},
      {{{"content-type", "text/plain"}}, 415},
      {{{"content-type", "application/x-www-form-urlencoded"}}, 415},
      {{{"content-type", "multipart/form-data; boundary=application/json"}}, 415},
      {{{"content-type", "application/jsonp"}}, 415},
      {{{"content-type", "+json"}}, 415},
      {{{"content-type", "text/plain"}, {"content-type", "application/json"}}, 415},
      {{{"content-type", "application/json"}, {"content-type", "text/plain"}}, 415},
  };
  for (const auto& [headers, status] : types) {
    const auto response = testing::run_request(
        router(), {.method = "POST", .url = "/login", .headers = headers, .body = credentials("")});
    EXPECT_EQ(response.status, status) << headers.joined("content-type").value_or("none");
  }
}

}  // namespace
}  // namespace hal::http
