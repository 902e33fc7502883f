#include <hal/net/signals.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/async/when_all.hpp>

#include <csignal>

namespace hal::net {
namespace {

Task<Result<int>> next(Signals* signals) { co_return co_await signals->next(); }
Task<Result<int>> raise_later(int number) {
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  co_return std::raise(number);
}
Task<Result<int>> wait_and_raise(Signals* signals, int number) {
  co_return std::get<0>(co_await or_return(when_all(next(signals), raise_later(number))));
}

TEST(Signals, ArriveAsValues) {
  IoLoop loop;
  Signals signals{loop, {SIGTERM, SIGINT, SIGHUP}};
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGTERM}) {
    EXPECT_EQ(block_on(loop, wait_and_raise, &signals, number), number);
  }
}

TEST(Signals, AreKeptBetweenTwoCalls) {
  IoLoop loop;
  Signals signals{loop, {SIGHUP}};
  std::raise(SIGHUP);
  EXPECT_EQ(block_on(loop, next, &signals), SIGHUP);
}

Task<Result<int>> next_in_time(Signals* signals) {
  co_return co_await timeout(std::chrono::milliseconds{1}, next(signals));
}

TEST(Signals, StopWithTheContext) {
  IoLoop loop;
  Signals signals{loop, {SIGHUP}};
  EXPECT_EQ(block_on(loop, next_in_time, &signals).error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(block_on(loop, wait_and_raise, &signals, SIGHUP), SIGHUP);
}

TEST(Signals, AreGivenBackAtTheEnd) {
  IoLoop loop;
  {
    Signals signals{loop, {SIGHUP}};
  }
  struct sigaction action{};
  sigaction(SIGHUP, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace hal::net
