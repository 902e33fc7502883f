#include <hal/app/app.hpp>

#include <hal/async/deadline.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/http/server.hpp>

#include <gtest/gtest.h>

#include <csignal>

namespace hal::app {
namespace {

/// The result of a process whose drain would take an hour, if nothing else ended it.
Result<> run_process(Task<Result<>> (*serve)(App& app)) {
  const discovery::testing::TemporaryFolder folder;
  const auto app = App::make({.environment = config::Environment{{{"HAL_REGISTRY", "local"},
                                                                  {"HAL_LOCAL_DIR", folder.path()},
                                                                  {"SERVICE_HOST", "127.0.0.1"},
                                                                  {"SERVICE_PORT", "0"},
                                                                  {"HAL_ADMIN_PORT", "0"},
                                                                  {"HAL_DRAIN_GRACE", "0s"},
                                                                  {"HAL_DRAIN_TIMEOUT", "1h"},
                                                                  {"HAL_WORKERS", "2"}}},
                              .arguments = {}},
                             {.service_name = "lifecycle"});
  if (!app) return error(app.error());
  return (*app)->run(serve);
}

/// Whether a job was stopped; for the process that one test runs.
bool& stopped() {
  static bool value = false;
  return value;
}

Task<> raise_when_registered(App* app) {
  for (;;) {
    const auto nodes = co_await app->discovery().list();
    if (nodes && !nodes->empty()) break;
    if (!co_await sleep(std::chrono::milliseconds{1})) co_return;
  }
  ::raise(SIGTERM);
}

Task<> work_for_ever() {
  while (co_await sleep(std::chrono::milliseconds{1})) {
  }
  stopped() = true;
}

Task<Result<>> serve_with_a_job(Scope& scope, App* app) {
  scope.spawn(work_for_ever);
  scope.spawn(raise_when_registered, app);
  auto served = co_await http::Server{*app, http::Router{}}.run();
  EXPECT_TRUE(served) << served.error().to_string();
  EXPECT_FALSE(stopped()) << "it goes on for as long as there are requests";
  co_return served;
}

TEST(Lifecycle, AJobBesideTheServerIsStoppedAfterIt) {
  stopped() = false;
  const auto result = run_process([](App& app) { return with_scope(serve_with_a_job, &app); });
  EXPECT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(stopped());
}

TEST(Lifecycle, WhatIsAwaitedBeforeAServerIsStopped) {
  const auto result = run_process([](App&) -> Task<Result<>> {
    ::raise(SIGTERM);
    WaitQueue never;
    co_return co_await never.wait();
  });
  EXPECT_TRUE(result) << result.error().to_string();
}

TEST(Lifecycle, AServiceMayFailWhileItDrains) {
  const auto result = run_process([](App&) -> Task<Result<>> {
    ::raise(SIGTERM);
    WaitQueue never;
    EXPECT_EQ((co_await never.wait()).error().to_string(), "CANCELLED: the process stops");
    co_return error(Code::kDataLoss, "half a file");
  });
  EXPECT_EQ(result.error(), (Status{Code::kDataLoss, "half a file"}));
}

TEST(Lifecycle, CancelledIsAFailureWithoutADrain) {
  const auto result =
      run_process([](App&) -> Task<Result<>> { co_return error(Code::kCancelled, "not today"); });
  EXPECT_EQ(result.error(), (Status{Code::kCancelled, "not today"}));
}

}  // namespace
}  // namespace hal::app
