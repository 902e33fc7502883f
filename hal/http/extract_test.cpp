#include <hal/http/extract.hpp>

#include <hal/http/testing/run_request.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using http::testing::get;
using http::testing::post_json;
using http::testing::run_request;

struct Credentials {
  std::string username{};
  int age = 0;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (username, age))

/// The message of an envelope with this status, or the whole response.
std::string message(const Response& response, int status) {
  const std::string before = fmt::format(R"({{"error":{{"code":{},"message":")", status);
  if (response.status != status || !response.body.starts_with(before)) {
    return fmt::format("{} {}", response.status, response.body);
  }
  return response.body.substr(before.size(), response.body.size() - before.size() - 3);
}

TEST(Extract, PathsAreDecodedAndTyped) {
  const auto router = Router{}
                          .get("/int/:n", [](Path<"n", int> n) { return std::to_string(*n + 1); })
                          .get("/u/:n", [](Path<"n", unsigned> n) { return std::to_string(*n); })
                          .get("/two/:a/:b", [](Path<"b"> b, Path<"a"> a) { return *a + "," + *b; })
                          .get("/rest/*all", [](Path<"all"> all) { return *all; });
  EXPECT_EQ(get(router, "/int/41").body, "42");
  EXPECT_EQ(get(router, "/int/-1").body, "0");
  EXPECT_EQ(message(get(router, "/int/4x"), 400),
            "path parameter 'n': expected an integer, got '4x'");
  EXPECT_EQ(message(get(router, "/int/99999999999"), 400),
            "path parameter 'n': expected an integer, got '99999999999'");
  EXPECT_EQ(message(get(router, "/u/-1"), 400),
            "path parameter 'n': expected an integer from 0, got '-1'");
  EXPECT_EQ(get(router, "/two/x+y/%E2%82%AC").body, "x+y,\xe2\x82\xac");
  EXPECT_EQ(get(router, "/rest/a/b%20c").body, "a/b c");
}

TEST(Extract, Queries) {
  const auto router =
      Router{}
          .get("/s", [](Query<"q"> q) { return *q; })
          .get("/n", [](Query<"n", int> n) { return std::to_string(*n); })
          .get("/o",
               [](Query<"n", std::optional<int>> n) { return std::to_string(n->value_or(-1)); })
          .get("/b", [](Query<"b", bool> b) { return std::string{*b ? "yes" : "no"}; })
          .get("/ob",
               [](Query<"b", std::optional<bool>> b) {
                 return std::string{!*b ? "none" : **b ? "yes" : "no"};
               })
          .get("/d", [](Query<"d", double> d) { return fmt::format("{}", *d); });
  EXPECT_EQ(get(router, "/s?q=a+b%26c").body, "a b&c");
  EXPECT_EQ(get(router, "/s?x=1&q=first&q=second").body, "first");
  EXPECT_EQ(get(router, "/s?q").body, "");
  EXPECT_EQ(get(router, "/s?%71=encoded").body, "encoded");
  EXPECT_EQ(message(get(router, "/s?qq=1"), 400), "query parameter 'q' is missing");
  EXPECT_THAT(message(get(router, "/s?q=%z"), 400), ::testing::StartsWith("query: "));
  EXPECT_EQ(get(router, "/n?n=7").body, "7");
  EXPECT_EQ(message(get(router, "/n?n="), 400), "query parameter 'n': expected an integer, got ''");
  EXPECT_EQ(get(router, "/o").body, "-1");
  EXPECT_EQ(get(router, "/o?n=3").body, "3");
  EXPECT_EQ(message(get(router, "/o?n=x"), 400),
            "query parameter 'n': expected an integer, got 'x'");
  EXPECT_EQ(get(router, "/b?b=true").body, "yes");
  EXPECT_EQ(get(router, "/b?b=0").body, "no");
  EXPECT_EQ(get(router, "/ob").body, "none");
  EXPECT_EQ(get(router, "/ob?b=1").body, "yes");
  EXPECT_EQ(get(router, "/ob?b=false").body, "no");
  EXPECT_EQ(get(router, "/ob?b=maybe").status, 400);
  EXPECT_EQ(message(get(router, "/b?b=maybe"), 400),
            "query parameter 'b': expected true or false, got 'maybe'");
  EXPECT_EQ(get(router, "/d?d=0.5").body, "0.5");
  EXPECT_EQ(message(get(router, "/d?d=1,5"), 400),
            "query parameter 'd': expected a number, got '1,5'");
}

TEST(Extract, WhatIsNoUtf8IsRefused) {
  const auto router =
      Router{}
          .get("/p/:id", [](Path<"id"> id) { return *id; })
          .get("/rest/*all", [](Path<"all"> all) { return *all; })
          .get("/q", [](Query<"q", std::optional<std::string>> q) { return q->value_or("none"); });
  EXPECT_EQ(message(get(router, "/p/a%ff"), 400), "path parameter 'id': no UTF-8 from byte 2 on");
  EXPECT_EQ(message(get(router, "/rest/a/%c3"), 400),
            "path parameter 'all': no UTF-8 from byte 3 on");
  EXPECT_EQ(message(get(router, "/q?q=%e2%82"), 400),
            "query parameter 'q': no UTF-8 from byte 1 on");
  EXPECT_EQ(get(router, "/q?q=%e2%82%ac").body, "€");
}

TEST(Extract, Headers) {
  const auto router = Router{}
                          .get("/h", [](Header<"X-Name"> name) { return *name; })
                          .get("/o", [](Header<"X-N", std::optional<int>> n) {
                            return std::to_string(n->value_or(0));
                          });
  EXPECT_EQ(get(router, "/h", {{"x-name", "v"}}).body, "v");
  EXPECT_EQ(message(get(router, "/h"), 400), "header 'X-Name' is missing");
  EXPECT_EQ(get(router, "/o", {{"x-n", "5"}}).body, "5");
  EXPECT_EQ(get(router, "/o").body, "0");
}

TEST(Extract, JsonBodies) {
  const auto router = Router{}.post("/", [](Json<Credentials> credentials) {
    return fmt::format("{} {}", credentials->username, (*credentials).age);
  });
  EXPECT_EQ(post_json(router, "/", R"({"username":"u","age":3})").body, "u 3");
  EXPECT_EQ(message(post_json(router, "/", R"({"username":"u","age":"3"})"), 400),
            "body: $.age: expected integer, got string (line 1, column 23)");
  EXPECT_EQ(post_json(router, "/", "").status, 400);
  const auto send = [&](Headers headers) {
    return run_request(router, {.method = "POST",
                                .url = "/",
                                .headers = std::move(headers),
                                .body = R"({"username":"u","age":3})"});
  };
  EXPECT_EQ(send({{"content-type", "Application/JSON; charset=utf-8"}}).status, 200);
  EXPECT_EQ(send({{"content-type", "application/merge-patch+json"}}).status, 200);
  EXPECT_EQ(message(send({{"content-type", "text/plain"}}), 415),
            "content-type 'text/plain': application/json is expected");
  EXPECT_EQ(message(send({}), 415), "no content-type: application/json is expected");
}

TEST(Extract, TheRequestItself) {
  const auto router = Router{}.post("/a/*rest", [](const Request& request) {
    return fmt::format("{} {} {} {} {}", request.method, request.path, request.query,
                       request.headers.get("x").value_or(""), request.body);
  });
  EXPECT_EQ(run_request(router, {.method = "POST",
                                 .url = "http://host/a/%41?b=c",
                                 .headers = {{"x", "y"}},
                                 .body = "body"})
                .body,
            "POST /a/%41 b=c y body");
}

TEST(Extract, TheFirstWrongParameterIsTold) {
  const auto router =
      Router{}.get("/:n", [](Query<"q"> q, Path<"n", int> n) { return *q + std::to_string(*n); });
  EXPECT_EQ(message(get(router, "/x"), 400), "query parameter 'q' is missing");
}

TEST(Extract, StatesAreFoundByTheirType) {
  struct A {
    std::string name = "a";
  } a;
  struct B {
    std::string name = "b";
  } b;
  const auto router = Router{a, b}.get(
      "/", [](State<B> second, State<A> first) { return first->name + (*second).name; });
  EXPECT_EQ(get(router, "/").body, "ab");
}

}  // namespace
}  // namespace hal::http
