#include <hal/discovery/sidecar.hpp>

#include <hal/http/server.hpp>
#include <hal/service/host_at.hpp>
#include <hal/service/testing/test_host.hpp>

#include <gmock/gmock.h>

namespace hal::discovery {
namespace {

using namespace std::chrono_literals;

/// A sidecar that answers with a status, from a moment on.
struct Fixture {
  ~Fixture() { host.shut_down(); }
  void start(Duration later) { host.background().spawn(serve, this, later); }
  static Task<> serve(Fixture* self, Duration later) {
    if (!co_await sleep(later)) co_return;
    service::HostAt at{self->host, {"127.0.0.1", 15021}, {}};
    auto router = http::Router{*self}.get("/healthz/ready", ready);
    (void)co_await http::Server{at, std::move(router)}.run();
  }
  static http::Response ready(http::State<Fixture> self, const http::Request& request) {
    self->sampled = request.headers.get("x-b3-sampled").value_or("");
    return {.status = self->status};
  }
  bool found() { return host.run(has_sidecar, &host.memory(), SidecarOptions{}).value(); }

  service::testing::TestHost host;
  int status = 200;
  std::string sampled;
};

TEST(Sidecar, IsWhoAnswers) {
  for (const int status : {200, 503}) {
    Fixture f;
    f.status = status;
    f.start(0s);
    EXPECT_TRUE(f.found());
    EXPECT_EQ(f.sampled, "0") << "the probe is no part of a trace";
  }
}

TEST(Sidecar, IsWaitedFor) {
  Fixture f;
  f.start(4s);
  EXPECT_TRUE(f.found());
}

TEST(Sidecar, NobodyAnswersForFiveSeconds) {
  Fixture f;
  const TimePoint before = f.host.loop().now();
  EXPECT_FALSE(f.found());
  EXPECT_EQ(f.host.loop().now() - before, 5s);
  f.host.memory().hang(15021);
  EXPECT_FALSE(f.found());
}

}  // namespace
}  // namespace hal::discovery
