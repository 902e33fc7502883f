#include <hal/service/layers/deadline/deadline.hpp>

#include <gtest/gtest.h>

#include <hal/async/deadline.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/service/testing/test_call.hpp>

namespace hal::layers {
namespace {

using namespace std::chrono_literals;
using service::Call;
using service::Protocol;
using service::testing::TestTerminal;

constexpr DeadlineOptions kOptions{.http_default = 30s, .rpc_default = 15s, .max = 60s};

/// How much time the handler has.
Task<> note_time_left(Call&, std::optional<Duration>* left) {
  const Context& context = co_await this_context();
  *left = context.deadline - context.loop->now();
}

Task<Result<>> run_under(std::optional<Duration> outer, const service::Layers* layers,
                         TestTerminal* terminal, Call* call) {
  const Context& context = co_await this_context();
  auto body = [&] { return service::testing::run_call_body(layers, terminal, call); };
  if (outer) {
    co_await or_return(with_deadline(context.loop->now() + *outer, body()));
  } else {
    co_await or_return(body());
    EXPECT_EQ((co_await this_context()).deadline, kNoDeadline);
  }
  co_return Result<>{};
}

/// The time a handler gets, or nothing if it was not called.
std::optional<Duration> time_for(Call call, std::optional<Duration> outer = {}) {
  const service::Layers layers{std::make_shared<ServerDeadline>(kOptions)};
  std::optional<Duration> left;
  TestTerminal terminal{[&](Call& running) { return note_time_left(running, &left); }};
  EXPECT_TRUE(hal::testing::run(run_under, outer, &layers, &terminal, &call));
  EXPECT_EQ(terminal.calls == 1, call.status.ok());
  if (!call.status.ok()) EXPECT_EQ(call.status.code(), Code::kDeadlineExceeded);
  return left;
}

TEST(ServerDeadline, IsTheDefaultOfTheProtocol) {
  EXPECT_EQ(time_for({.protocol = Protocol::kHttp}), 30s);
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc}), 15s);
}

TEST(ServerDeadline, IsTheCallersIfItSaysOne) {
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = 200ms}), 200ms);
  EXPECT_EQ(time_for({.protocol = Protocol::kHttp, .timeout = 40s}), 40s);
}

TEST(ServerDeadline, IsTheRoutesWhereTheCallerSaysNone) {
  EXPECT_EQ(time_for({.protocol = Protocol::kHttp, .default_timeout = 10s}), 10s);
  EXPECT_EQ(time_for({.protocol = Protocol::kHttp, .default_timeout = 5min}), 5min)
      << "the maximum is for callers";
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = 1s, .default_timeout = 10s}), 1s);
  EXPECT_EQ(time_for({.protocol = Protocol::kHttp, .default_timeout = 5min}, 20s), 20s);
  const auto never = time_for({.default_timeout = Deadline::kNever});
  ASSERT_TRUE(never);
  EXPECT_GT(*never, 24h * 365 * 100);
}

TEST(ServerDeadline, IsAtMostTheMaximum) {
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = 1h}), 60s);
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = Duration::max()}), 60s);
}

TEST(ServerDeadline, IsTheCallersAloneForStreams) {
  EXPECT_GT(time_for({.protocol = Protocol::kGrpc, .streaming = true}), 24h * 365 * 100);
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = 1h, .streaming = true}), 1h);
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .streaming = true}, 2s), 2s);
}

TEST(ServerDeadline, ThatHasPassedIsAnsweredWithoutTheHandler) {
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = 0s}), std::nullopt);
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = -1s}), std::nullopt);
}

TEST(ServerDeadline, IsNeverLaterThanTheOneItRunsUnder) {
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc}, 2s), 2s);
  EXPECT_EQ(time_for({.protocol = Protocol::kGrpc, .timeout = 1s}, 2s), 1s);
}

Task<Result<>> sleep_long() { co_return co_await sleep(1h); }

Task<> sleepy_handler(Call& call) {
  if (auto slept = co_await sleep_long(); !slept) call.status = slept.error();
}

Task<> handler_with_a_deadline_of_its_own(Call& call) {
  const TimePoint start = (co_await this_context()).loop->now();
  const auto slept = co_await timeout(1min, sleep_long());
  EXPECT_EQ((co_await this_context()).loop->now() - start, 15s);
  if (!slept) call.status = slept.error();
}

Task<> handler_with_a_shorter_deadline(Call& call) {
  const auto slept = co_await timeout(1s, sleep_long());
  EXPECT_EQ(slept.error().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(co_await or_stopped());  // the call itself goes on
  call.status = {};
}

Status outcome_of(TestTerminal::Function handler) {
  const service::Layers layers{std::make_shared<ServerDeadline>(kOptions)};
  Call call{.protocol = Protocol::kGrpc};
  TestTerminal terminal{std::move(handler)};
  EXPECT_TRUE(hal::testing::run(run_under, std::optional<Duration>{}, &layers, &terminal, &call));
  return call.status;
}

TEST(ServerDeadline, EndsWhatTheHandlerWaitsFor) {
  EXPECT_EQ(outcome_of(sleepy_handler).code(), Code::kDeadlineExceeded);
  EXPECT_EQ(outcome_of(handler_with_a_deadline_of_its_own).code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(outcome_of(handler_with_a_shorter_deadline).ok());
}

}  // namespace
}  // namespace hal::layers
