#include <hal/service/run_on.hpp>

#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/net/workers.hpp>
#include <hal/telemetry/testing/test_tracer.hpp>

#include <stdexcept>

namespace hal::service {
namespace {

using namespace std::chrono_literals;

/// Two workers with threads; the test's coroutines run on the first.
class RunOnTest : public ::testing::Test {
 protected:
  RunOnTest() {
    background_.context().tracer = &tracer_;
    workers_.loop(1).set_worker(1, background_);
  }
  ~RunOnTest() override { workers_.stop_and_join(); }

  ThreadPool pool_{{.threads = 1}};
  net::Workers workers_{2, pool_};
  telemetry::testing::ManualClock clock_;
  telemetry::Tracer tracer_{telemetry::testing::test_options(clock_)};
  Scope background_{Context{.loop = &workers_.loop(1)}};
  const Worker worker_{
      .index = 1, .loop = &workers_.loop(1), .drain = nullptr, .background = &background_};
  net::IoLoop home_;
};

struct Seen {
  std::thread::id thread{};
  Context context{};
  std::size_t active = 0;
  int value = 0;
};

Task<Result<Seen>> look_around(Scope* background, std::unique_ptr<int> value) {
  co_return Seen{.thread = std::this_thread::get_id(),
                 .context = co_await this_context(),
                 .active = background->active(),
                 .value = *value};
}

Task<Result<std::pair<Seen, Seen>>> both_sides(const Worker* worker) {
  (co_await this_context()).deadline = (co_await this_context()).loop->now() + 1h;
  Seen here{.thread = std::this_thread::get_id(), .context = co_await this_context()};
  Seen there = co_await or_return(
      run_on(*worker, look_around, worker->background, std::make_unique<int>(7)));
  EXPECT_EQ(std::this_thread::get_id(), here.thread);
  co_return std::pair{here, there};
}

TEST_F(RunOnTest, RunsInTheWorkersBackgroundScope) {
  const auto seen = block_on(home_, both_sides, &worker_);
  ASSERT_TRUE(seen);
  const auto& [here, there] = *seen;
  EXPECT_EQ(there.value, 7);
  EXPECT_EQ(there.active, 1u);
  EXPECT_NE(there.thread, here.thread);
  EXPECT_EQ(there.context.loop, worker_.loop);
  EXPECT_EQ(there.context.tracer, &tracer_);
  EXPECT_EQ(there.context.deadline, kNoDeadline);  // the root's, not the caller's
}

Task<Result<int>> throws() {
  throw std::runtime_error{"broken"};
  co_return 1;
}
Task<Result<int>> fails() { co_return error(Code::kNotFound, "nothing"); }
Task<Result<int>> sleeps() {
  co_await or_return(co_await sleep(1h));
  co_return 1;
}

Task<Result<>> failures(const Worker* worker) {
  EXPECT_EQ((co_await run_on(*worker, throws)).error().code(), Code::kInternal);
  EXPECT_EQ((co_await run_on(*worker, fails)).error(), (Status{Code::kNotFound, "nothing"}));
  co_return Result<>{};
}

TEST_F(RunOnTest, AFailureIsTheCallersAloneNotTheScopes) {
  EXPECT_TRUE(block_on(home_, failures, &worker_));
  EXPECT_TRUE(background_.first_error().ok());
}

Task<Result<>> run_sleeper(const Worker* worker) {
  co_await or_return(run_on(*worker, sleeps));
  co_return Result<>{};
}

Task<Result<>> stop_it(Scope& scope, const Worker* worker) {
  scope.spawn(run_sleeper, worker);
  co_return error(Code::kAborted, "enough");
}

Task<Result<>> stopped_by_the_caller(const Worker* worker) {
  co_return co_await with_scope(stop_it, worker);
}

TEST_F(RunOnTest, AStopOfTheCallerEndsIt) {
  EXPECT_EQ(block_on(home_, stopped_by_the_caller, &worker_).error().message(), "enough");
}

Task<Result<>> cancel_background(const Worker* worker) {
  worker->loop->post(
      [worker] { worker->background->cancel({Code::kCancelled, "the worker stops"}); });
  co_return co_await run_sleeper(worker);
}

TEST_F(RunOnTest, AStopOfTheBackgroundScopeEndsIt) {
  EXPECT_EQ(block_on(home_, cancel_background, &worker_).error().message(), "the worker stops");
}

}  // namespace
}  // namespace hal::service
