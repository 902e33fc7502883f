// Layers around routes: their order, what they see, and what they may do.
#include <hal/http/testing/run_request.hpp>
#include <hal/service/layers/attempts/attempts.hpp>

#include <gmock/gmock.h>

namespace hal::http {
namespace {

using http::testing::run_request;
using ::testing::ElementsAre;

/// Notes "<name>" on the way in and "/<name> <http status> <code>" on the way out.
class Note final : public service::Layer {
 public:
  Note(std::string name, std::vector<std::string>& log) : name_{std::move(name)}, log_{log} {}
  Task<> handle(service::Call& call, service::Next next) const override {
    log_.push_back(fmt::format("{} {}", name_, call.route));
    co_await next(call);
    log_.push_back(
        fmt::format("/{} {} {}", name_, call.http_status, hal::name(call.status.code())));
  }

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

/// Answers by itself, with this status.
class Deny final : public service::Layer {
 public:
  explicit Deny(Status status) : status_{std::move(status)} {}
  Task<> handle(service::Call& call, service::Next) const override {
    call.status = status_;
    co_return;
  }

 private:
  Status status_;
};

/// Lets the call run, then turns its success into a failure.
class Spoil final : public service::Layer {
 public:
  Task<> handle(service::Call& call, service::Next next) const override {
    co_await next(call);
    call.response_headers->add("x-spoilt", "yes");
    call.status = {Code::kUnavailable, "spoilt"};
  }
};

class AddHeader final : public service::Layer {
 public:
  Task<> handle(service::Call& call, service::Next next) const override {
    call.response_headers->add("x-added", call.request_headers->get("x-in").value_or("none"));
    co_await next(call);
  }
};

class Throw final : public service::Layer {
 public:
  Task<> handle(service::Call&, service::Next) const override { throw std::runtime_error{"x"}; }
};

std::string text() { return "text"; }

TEST(HttpLayers, RunFromTheOutermostInwards) {
  std::vector<std::string> log;
  const auto router = Router{}
                          .layer(Note{"router1", log})
                          .get("/a", text)
                          .group("/g", Router{}.get("/:x", text).layer(Note{"group", log}))
                          .layer(Note{"router2", log});
  const service::Layers host{std::make_shared<Note>("host", log)};
  EXPECT_EQ(run_request(router, {.url = "/g/1"}, host).status, 200);
  EXPECT_THAT(log,
              ElementsAre("host /g/:x", "router1 /g/:x", "router2 /g/:x", "group /g/:x",
                          "/group 200 OK", "/router2 200 OK", "/router1 200 OK", "/host 200 OK"));
  log.clear();
  EXPECT_EQ(run_request(router, {.url = "/a"}, host).status, 200);
  EXPECT_THAT(log, ElementsAre("host /a", "router1 /a", "router2 /a", "/router2 200 OK",
                               "/router1 200 OK", "/host 200 OK"));
}

TEST(HttpLayers, SeeWhatHasNoRoute) {
  std::vector<std::string> log;
  const auto router = Router{}.layer(Note{"router", log}).post("/a", text);
  EXPECT_EQ(run_request(router, {.url = "/b"}).status, 404);
  EXPECT_EQ(run_request(router, {.url = "/a"}).status, 405);
  EXPECT_THAT(
      log, ElementsAre("router ", "/router 404 NOT_FOUND", "router ", "/router 405 UNIMPLEMENTED"));
}

TEST(HttpLayers, MayAnswerByThemselves) {
  const auto router = Router{}.layer(Deny{{Code::kUnauthenticated, "who are you?"}}).get("/", text);
  const auto response = run_request(router, {.url = "/"});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, R"({"error":{"code":401,"message":"who are you?"}})");
}

TEST(HttpLayers, MayChangeTheOutcome) {
  const auto response = run_request(Router{}.layer(Spoil{}).get("/", text), {.url = "/"});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.get("x-spoilt"), "yes");
  EXPECT_EQ(response.headers.count("content-type"), 1U);
  EXPECT_EQ(response.body, R"({"error":{"code":503,"message":"service unavailable"}})");
}

TEST(HttpLayers, ReadAndWriteHeaders) {
  const auto router = Router{}.layer(AddHeader{}).get("/", text).get("/whole", [] {
    return Response{.status = 200, .headers = {{"x-own", "1"}}, .body = "whole"};
  });
  EXPECT_EQ(run_request(router, {.url = "/", .headers = {{"x-in", "v"}}}).headers.get("x-added"),
            "v");
  const auto whole = run_request(router, {.url = "/whole"});
  EXPECT_EQ(whole.headers.get("x-added"), "none");
  EXPECT_EQ(whole.headers.get("x-own"), "1");
}

TEST(HttpLayers, AnExceptionOfALayerIsA500) {
  const auto response = run_request(Router{}.layer(Throw{}).get("/", text), {.url = "/"});
  EXPECT_EQ(response.status, 500);
}

TEST(HttpLayers, AttemptsSeeTheResponseThatAHandlerMakes) {
  const auto router = Router{}
                          .layer(layers::Attempts{{.limit = {.burst = 2}}})
                          .get("/wrong", [] { return Response{.status = 401}; })
                          .get("/right", [] { return Response{.status = 200}; });
  for (const int status : {200, 200, 200}) {
    EXPECT_EQ(run_request(router, {.url = "/right"}).status, status);
  }
  for (const int status : {401, 401, 429}) {
    EXPECT_EQ(run_request(router, {.url = "/wrong"}).status, status);
  }
}

TEST(HttpLayers, TraceConfiguresTheHostsLayer) {
  const auto router = Router{}.layer(layers::Trace{.skip = {path_prefix("/healthz")}});
  ASSERT_TRUE(router.trace());
  EXPECT_EQ(router.trace()->skip.size(), 1U);
  EXPECT_TRUE(router.layers().empty());
}

}  // namespace
}  // namespace hal::http
