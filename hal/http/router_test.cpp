#include <hal/http/router.hpp>

#include <hal/async/wait_queue.hpp>
#include <hal/http/testing/run_request.hpp>

#include <gmock/gmock.h>

#include <stdexcept>

namespace hal::http {
namespace {

using http::testing::get;
using http::testing::run_request;
using ::testing::ElementsAre;

struct Greeting {
  std::string message{};
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (message))

struct Api {
  std::string name;
};

std::string text() { return "text"; }
Result<std::string> text_result() { return "text"; }
Task<std::string> text_task() { co_return "text"; }
Task<Result<std::string>> text_result_task() { co_return "text"; }
Json<Greeting> json() { return Json{Greeting{.message = "a\"b"}}; }
Task<Result<Json<Greeting>>> json_task() { co_return Json{Greeting{.message = "hi"}}; }
Created<Greeting> created() { return {{.message = "new"}, "/things/1"}; }
Task<Result<>> nothing() { co_return Result<>{}; }
Response teapot() {
  return {.status = 418, .headers = {{"x-a", "b"}, {"content-type", "text/tea"}}, .body = "tea"};
}
Result<std::string> failing() { return error(Code::kNotFound, "no such \"thing\""); }
Task<Result<std::string>> throwing() {
  (void)co_await sleep(std::chrono::seconds{1});
  throw std::runtime_error{"secret"};
}
Task<Result<Json<Greeting>>> hello(State<Api> api, Path<"id"> id) {
  co_return Json{Greeting{.message = api->name + " " + *id}};
}

std::string type_of(const Response& response) {
  return std::string{response.headers.get("content-type").value_or("")};
}

TEST(Router, ResultsBecomeResponses) {
  const auto router = Router{}
                          .get("/1", text)
                          .get("/2", text_result)
                          .get("/3", text_task)
                          .get("/4", text_result_task)
                          .get("/lambda", [] { return std::string{"text"}; });
  for (const std::string path : {"/1", "/2", "/3", "/4", "/lambda"}) {
    const auto response = get(router, path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "text");
    EXPECT_EQ(type_of(response), "text/plain; charset=utf-8");
  }
}

TEST(Router, JsonCreatedNothingAndWholeResponses) {
  const auto router = Router{}
                          .get("/json", json)
                          .get("/json-task", json_task)
                          .post("/created", created)
                          .put("/nothing", nothing)
                          .patch("/teapot", teapot);
  auto response = get(router, "/json");
  EXPECT_EQ(response.body, R"({"message":"a\"b"})");
  EXPECT_EQ(type_of(response), "application/json");
  EXPECT_EQ(get(router, "/json-task").body, R"({"message":"hi"})");

  response = run_request(router, {.method = "POST", .url = "/created"});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.get("location"), "/things/1");
  EXPECT_EQ(response.body, R"({"message":"new"})");

  response = run_request(router, {.method = "PUT", .url = "/nothing"});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");

  response = run_request(router, {.method = "PATCH", .url = "/teapot"});
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.headers.get("x-a"), "b");
  EXPECT_EQ(response.body, "tea");
}

TEST(Router, StateAndPath) {
  Api api{.name = "api"};
  const auto router = Router{api}.get("/api/v1/hello/:id", hello);
  EXPECT_EQ(get(router, "/api/v1/hello/ww").body, R"({"message":"api ww"})");
  EXPECT_EQ(get(router, "/api/v1/hello/a%2Fb%20c").body, R"({"message":"api a/b c"})");
}

TEST(Router, ErrorsBecomeTheEnvelope) {
  const auto router = Router{}.get("/fails", failing).get("/throws", throwing);
  auto response = get(router, "/fails");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(type_of(response), "application/json");
  EXPECT_EQ(response.body, R"({"error":{"code":404,"message":"no such \"thing\""}})");
  response = get(router, "/throws");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, R"({"error":{"code":500,"message":"internal error"}})");
}

TEST(Router, EveryCodeHasItsStatus) {
  static Code code;
  const auto router = Router{}.get("/", [] { return Result<std::string>{error(code, "m")}; });
  const std::vector<std::pair<Code, int>> cases{
      {Code::kCancelled, 499},          {Code::kUnknown, 500},
      {Code::kInvalidArgument, 400},    {Code::kDeadlineExceeded, 504},
      {Code::kNotFound, 404},           {Code::kAlreadyExists, 409},
      {Code::kPermissionDenied, 403},   {Code::kResourceExhausted, 429},
      {Code::kFailedPrecondition, 400}, {Code::kAborted, 409},
      {Code::kOutOfRange, 400},         {Code::kUnimplemented, 501},
      {Code::kInternal, 500},           {Code::kUnavailable, 503},
      {Code::kDataLoss, 500},           {Code::kUnauthenticated, 401}};
  for (const auto& [each, status] : cases) {
    code = each;
    const auto response = get(router, "/");
    EXPECT_EQ(response.status, status) << name(each);
    const ErrorKind kind = error_kind(status, each);
    EXPECT_EQ(response.body, error_body(kind, message_for_clients(kind, "m"))) << name(each);
  }
}

TEST(Router, NoRouteIs404) {
  const auto response = get(Router{}.get("/a", text), "/b?c");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error":{"code":404,"message":"no route for /b"}})");
}

TEST(Router, AnotherMethodIs405WithAllow) {
  const auto response =
      run_request(Router{}.get("/a", text).post("/a", text), {.method = "DELETE", .url = "/a"});
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(response.body, R"({"error":{"code":405,"message":"/a does not answer to DELETE"}})");
}

TEST(Router, OptionsAreAnswered) {
  const auto router = Router{}.get("/a", text).route("OPTIONS", "/own", text).del("/b", text);
  auto response = run_request(router, {.method = "OPTIONS", .url = "/a"});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(run_request(router, {.method = "OPTIONS", .url = "/own"}).body, "text");
  response = run_request(router, {.method = "OPTIONS", .url = "*"});
  EXPECT_EQ(response.headers.get("allow"), "DELETE, GET, HEAD, OPTIONS");
  EXPECT_EQ(run_request(router, {.method = "OPTIONS", .url = "/none"}).status, 404);
}

TEST(Router, AMalformedTargetIs400) {
  EXPECT_EQ(get(Router{}.get("/a", text), "/../a").body,
            R"({"error":{"code":400,"message":"the path has a segment '.' or '..'"}})");
}

TEST(Router, GroupsPutAPrefixInFront) {
  Api api{.name = "inner"};
  const auto router = Router{}.get("/", text).group(
      "/api/v1", Router{api}.get("/hello/:id", hello).group("/deep", Router{}.get("/", text)));
  EXPECT_EQ(get(router, "/api/v1/hello/x").body, R"({"message":"inner x"})");
  EXPECT_EQ(get(router, "/api/v1/deep/").body, "text");
  EXPECT_EQ(get(router, "/api/v1/deep").status, 404);
}

TEST(RouterDeath, MistakesNameTheRoutes) {
  Api api;
  EXPECT_DEATH(Router{}.get("/a/:x", text).get("/a/:y", text),
               "routes GET /a/:x and GET /a/:y take the same requests");
  EXPECT_DEATH(Router{}.get("/v1/a", text).group("/v1", Router{}.get("/a", text)),
               "routes GET /v1/a and GET /v1/a take the same requests");
  EXPECT_DEATH(Router{api}.get("/hello/:name", hello),
               "the handler of GET /hello/:name wants Path<\"id\">");
  EXPECT_DEATH(Router{}.get("/hello/:id", hello), "GET /hello/:id wants a State");
  EXPECT_DEATH(Router{}.get("hello", text), "route pattern 'hello'");
  EXPECT_DEATH(Router{}.group("/a/", Router{}), "group prefix '/a/'");
}

}  // namespace
}  // namespace hal::http
