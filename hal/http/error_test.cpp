#include <hal/http/error.hpp>

#include <hal/http/testing/run_request.hpp>
#include <hal/service/http_status.hpp>

#include <gmock/gmock.h>

#include <set>

namespace hal::http {
namespace {

using http::testing::get;
using http::testing::run_request;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Error, TheTable) {
  struct Row {
    int status;
    Code code;
    std::string_view english;
    std::string_view chinese;
  };
  const Row rows[] = {
      {400, Code::kFailedPrecondition, "bad request", "请求发生错误"},
      {400, Code::kInvalidArgument, "invalid parameter", "无效的请求参数"},
      {401, Code::kUnauthenticated, "unauthenticated", "无访问权限"},
      {403, Code::kPermissionDenied, "no permission", "无资源的访问权限"},
      {404, Code::kNotFound, "not found", "资源不存在"},
      {405, Code::kUnimplemented, "method not allowed", "方法不被允许"},
      {429, Code::kResourceExhausted, "too many requests", "请求过于频繁"},
      {500, Code::kInternal, "internal error", "服务器错误"},
      {503, Code::kUnavailable, "service unavailable", "服务不可用"},
      {418, Code::kInvalidArgument, "bad request", "请求发生错误"},
      {599, Code::kInternal, "internal error", "服务器错误"},
  };
  for (const auto& row : rows) {
    const ErrorKind kind = error_kind(row.status, row.code);
    EXPECT_EQ(kind.http_status, row.status);
    EXPECT_EQ(kind.english, row.english) << row.status;
    EXPECT_EQ(kind.chinese, row.chinese) << row.status;
    EXPECT_EQ(error_body(kind, ""),
              fmt::format(R"({{"error":{{"code":{},"message":"{}"}}}})", row.status, row.english));
    EXPECT_EQ(error_body(kind, "", Language::kChinese),
              fmt::format(R"({{"error":{{"code":{},"message":"{}"}}}})", row.status, row.chinese));
  }
}

TEST(Error, EveryCodeOfAnRpcIsInTheTable) {
  for (std::uint64_t number = 1; number <= 16; ++number) {
    const Code code = code_from_number(number);
    if (code == Code::kCancelled) continue;  // nobody is told
    const int status = service::http_status_of(code);
    EXPECT_EQ(std::ranges::count(error_kinds(), status, &ErrorKind::http_status),
              status == 400 ? 2 : 1)
        << name(code);
  }
  std::set<std::string_view> words;
  for (const auto& kind : error_kinds()) {
    EXPECT_TRUE(words.insert(kind.english).second && words.insert(kind.chinese).second)
        << kind.english;
  }
}

TEST(Error, ClientsAreToldOfTheirOwnMistakesOnly) {
  EXPECT_EQ(message_for_clients(error_kind(404), "no such user"), "no such user");
  EXPECT_EQ(message_for_clients(error_kind(404), ""), "not found");
  for (const int status : {500, 501, 502, 503, 504, 599}) {
    EXPECT_THAT(std::string{message_for_clients(error_kind(status), "10.0.0.7 refused")},
                Not(HasSubstr("10.0.0.7")))
        << status;
  }
}

TEST(Error, TheClientsLanguage) {
  const auto router =
      Router{}
          .get("/none", [] { return Result<std::string>{error(Code::kNotFound, "no \"x\"")}; })
          .get("/down", [] { return Result<std::string>{error(Code::kUnavailable, "10.0.0.7")}; })
          .get("/ok", [] { return std::string{"ok"}; });
  const auto chinese = [&](std::string url) {
    return get(router, std::move(url), {{"accept-language", "zh-CN,zh;q=0.9"}});
  };
  const auto response = chinese("/none");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("content-language"), "zh-CN");
  EXPECT_EQ(response.headers.get("vary"), "accept-language");
  EXPECT_EQ(response.body, R"({"error":{"code":404,"message":"资源不存在","detail":"no \"x\""}})");
  EXPECT_EQ(chinese("/down").body, R"({"error":{"code":503,"message":"服务不可用"}})");
  EXPECT_THAT(chinese("/nowhere").body, HasSubstr("资源不存在"));
  EXPECT_EQ(chinese("/../x").body, R"({"error":{"code":400,"message":"请求发生错误",)"
                                   R"("detail":"the path has a segment '.' or '..'"}})");
  EXPECT_EQ(run_request(router, {.method = "DELETE",
                                 .url = "/ok",
                                 .headers = {{"accept-language", "de"}, {"accept-language", "zh"}}})
                .body,
            R"({"error":{"code":405,"message":"方法不被允许",)"
            R"("detail":"/ok does not answer to DELETE"}})");
  EXPECT_FALSE(chinese("/ok").headers.contains("vary"));
  EXPECT_EQ(get(router, "/none").body, R"({"error":{"code":404,"message":"no \"x\""}})");
  EXPECT_FALSE(get(router, "/none").headers.contains("content-language"));
  // A cache must not hand it to those who prefer another language.
  for (const char* url : {"/none", "/down", "/nowhere", "/../x"}) {
    EXPECT_EQ(get(router, url).headers.joined("vary"), "accept-language") << url;
    EXPECT_EQ(chinese(url).headers.joined("vary"), "accept-language") << url;
  }
}

}  // namespace
}  // namespace hal::http
