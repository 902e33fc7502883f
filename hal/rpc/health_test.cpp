// What probes and load balancers are told.
#include <hal/rpc/health.hpp>
#include <hal/rpc/testing/echo_service.hpp>
#include <hal/rpc/testing/raw_call.hpp>

#include <hal/internal/health.pb.h>

namespace hal::rpc {
namespace {

using internal::health::HealthCheckRequest;
using internal::health::HealthCheckResponse;
using internal::health::HealthListResponse;
using testing::RawCall;
using Serving = HealthCheckResponse::ServingStatus;

constexpr std::string_view kCheck = "/grpc.health.v1.Health/Check";
constexpr std::string_view kList = "/grpc.health.v1.Health/List";
constexpr std::string_view kWatch = "/grpc.health.v1.Health/Watch";

HealthCheckRequest about(std::string service) {
  HealthCheckRequest made;
  made.set_service(std::move(service));
  return made;
}

Task<> serve(Server* server, Status* ended) {
  const auto result = co_await server->run();
  *ended = result ? Status{} : result.error();
}

class HealthTest : public testing::EchoTest {
 protected:
  ~HealthTest() override { host.shut_down(); }

  void start(const ServerOptions& options = {}) {
    server.emplace(host, options);
    server->add(echo);
    host.background().spawn(serve, &*server, &server_ended);
    host.manual_loop().run_ready();
    connection = testing::open_connection(host, kPort);
  }
  /// The status, or the error's code as text.
  std::string check(std::string service) {
    RawCall call{host, *connection, kCheck};
    call.send(about(std::move(service))).end();
    if (const auto answer = call.next<HealthCheckResponse>()) {
      EXPECT_EQ(call.status(), Status{});
      return HealthCheckResponse::ServingStatus_Name(answer->status());
    }
    return call.status() ? call.status()->to_string() : "no answer";
  }
  static std::string next(RawCall& watch) {
    const auto answer = watch.next<HealthCheckResponse>();
    return answer ? HealthCheckResponse::ServingStatus_Name(answer->status()) : "nothing";
  }

  std::optional<Server> server;
  std::shared_ptr<transport::Http2Connection> connection;
};

TEST_F(HealthTest, serves_what_is_added_and_the_whole) {
  start();
  EXPECT_EQ(check(""), "SERVING");
  EXPECT_EQ(check("test.rpc.Echo"), "SERVING");
  EXPECT_EQ(check("test.rpc.Other"), "NOT_FOUND: unknown service test.rpc.Other");
}

TEST_F(HealthTest, a_service_says_when_it_cannot_work) {
  start();
  server->health().set("test.rpc.Echo", ServingStatus::kNotServing);
  EXPECT_EQ(check("test.rpc.Echo"), "NOT_SERVING");
  EXPECT_EQ(check(""), "SERVING");
  server->health().set("test.rpc.Echo", ServingStatus::kServing);
  EXPECT_EQ(check("test.rpc.Echo"), "SERVING");
  server->health().set("database", ServingStatus::kNotServing);
  EXPECT_EQ(check("database"), "NOT_SERVING");
}

TEST_F(HealthTest, lists_every_service) {
  start();
  server->health().set("test.rpc.Echo", ServingStatus::kNotServing);
  RawCall call{host, *connection, kList};
  call.end();
  EXPECT_EQ(call.status()->code(), Code::kInternal);  // no request message
  RawCall good{host, *connection, kList};
  good.send(HealthCheckRequest{}).end();  // as empty as a HealthListRequest
  const auto answer = good.next<HealthListResponse>();
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->statuses_size(), 2);
  EXPECT_EQ(answer->statuses().at("").status(), HealthCheckResponse::SERVING);
  EXPECT_EQ(answer->statuses().at("test.rpc.Echo").status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, a_watch_tells_each_change_once) {
  start();
  RawCall watch{host, *connection, kWatch};
  watch.send(about("test.rpc.Echo")).end();
  EXPECT_EQ(next(watch), "SERVING");
  EXPECT_EQ(next(watch), "nothing");
  server->health().set("test.rpc.Echo", ServingStatus::kServing);  // no news
  server->health().set("another", ServingStatus::kNotServing);
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "nothing");
  server->health().set("test.rpc.Echo", ServingStatus::kNotServing);
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "NOT_SERVING");
  // There and back between two turns: a watcher needs to know the last state only.
  server->health().set("test.rpc.Echo", ServingStatus::kServing);
  server->health().set("test.rpc.Echo", ServingStatus::kNotServing);
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "nothing");
  EXPECT_FALSE(watch.status());
}

TEST_F(HealthTest, a_watch_of_an_unknown_service_waits_for_it) {
  start();
  RawCall watch{host, *connection, kWatch};
  watch.send(about("later")).end();
  EXPECT_EQ(next(watch), "SERVICE_UNKNOWN");
  server->health().set("later", ServingStatus::kServing);
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "SERVING");
}

TEST_F(HealthTest, a_watch_has_no_deadline_but_its_callers) {
  start();
  RawCall watch{host, *connection, kWatch};
  RawCall brief{host, *connection, kWatch, {{"grpc-timeout", "5S"}}};
  watch.send(about("")).end();
  brief.send(about("")).end();
  host.manual_loop().advance(std::chrono::hours{48});
  EXPECT_FALSE(watch.status());
  ASSERT_TRUE(brief.status());
  EXPECT_EQ(brief.status()->code(), Code::kDeadlineExceeded);
}

TEST_F(HealthTest, a_watcher_that_goes_leaves_nothing) {
  start();
  {
    RawCall watch{host, *connection, kWatch};
    watch.send(about("")).end();
    EXPECT_EQ(next(watch), "SERVING");
  }
  host.manual_loop().run_ready();
  EXPECT_EQ(connection->open_streams(), 0);
  server->health().set("", ServingStatus::kNotServing);
  host.manual_loop().run_ready();
  EXPECT_EQ(check(""), "NOT_SERVING");
}

TEST_F(HealthTest, an_announced_drain_is_told_at_once_while_calls_are_served) {
  start();
  RawCall watch{host, *connection, kWatch};
  watch.send(about("test.rpc.Echo")).end();
  EXPECT_EQ(next(watch), "SERVING");
  host.drain().announce();
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "NOT_SERVING");
  EXPECT_EQ(watch.status(), std::nullopt);
  EXPECT_EQ(check(""), "NOT_SERVING");
  server->health().set("test.rpc.Echo", ServingStatus::kNotServing);
  server->health().set("test.rpc.Echo", ServingStatus::kServing);
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "nothing");
  RawCall list{host, *connection, kList};
  list.send(about("")).end();
  const auto listed = list.next<HealthListResponse>();
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->statuses().at("test.rpc.Echo").status(), HealthCheckResponse::NOT_SERVING);
  RawCall say{host, *connection, "/test.rpc.Echo/Say"};
  say.send(testing::request("still here")).end();
  const auto reply = say.next<testing::Reply>();
  EXPECT_EQ(reply ? reply->text() : "nothing", "still here");
  host.drain().start();
  host.manual_loop().run_ready();
  ASSERT_TRUE(watch.status());
  EXPECT_EQ(watch.status()->code(), Code::kUnavailable);
}

TEST_F(HealthTest, a_drain_is_told_and_not_held_up) {
  start();
  RawCall watch{host, *connection, kWatch};
  RawCall unknown{host, *connection, kWatch};
  watch.send(about("")).end();
  unknown.send(about("nobody")).end();
  EXPECT_EQ(next(watch), "SERVING");
  EXPECT_EQ(next(unknown), "SERVICE_UNKNOWN");
  // Sent before the drain, complete after it.
  RawCall check_late{host, *connection, kCheck};
  host.manual_loop().run_ready();
  host.drain().start();
  check_late.send(about("test.rpc.Echo")).end();
  host.manual_loop().run_ready();
  EXPECT_EQ(next(watch), "NOT_SERVING");
  EXPECT_EQ(next(check_late), "NOT_SERVING");
  EXPECT_EQ(next(unknown), "nothing");
  ASSERT_TRUE(watch.status() && unknown.status());
  EXPECT_EQ(watch.status()->code(), Code::kUnavailable);
  EXPECT_EQ(unknown.status()->code(), Code::kUnavailable);
  EXPECT_EQ(server_ended, Status{});
}

TEST_F(HealthTest, can_be_switched_off) {
  start({.health = false});
  EXPECT_EQ(check(""), "UNIMPLEMENTED: unknown service grpc.health.v1.Health");
}

/// A user's own health service: the kit's stands back.
class OwnHealth final : public Service {
 public:
  [[nodiscard]] std::string_view full_name() const noexcept override {
    return "grpc.health.v1.Health";
  }
  [[nodiscard]] std::span<const Method> methods() const noexcept override { return {}; }
};

TEST_F(HealthTest, a_health_service_of_the_users_wins) {
  OwnHealth own;
  server.emplace(host);
  server->add(own);
  host.background().spawn(serve, &*server, &server_ended);
  host.manual_loop().run_ready();
  connection = testing::open_connection(host, kPort);
  EXPECT_EQ(check(""), "UNIMPLEMENTED: unknown method Check for service grpc.health.v1.Health");
}

}  // namespace
}  // namespace hal::rpc
