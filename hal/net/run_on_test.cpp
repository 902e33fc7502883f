#include <hal/net/run_on.hpp>

#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/net/workers.hpp>

#include <fmt/format.h>

#include <atomic>
#include <random>

namespace hal::net {
namespace {

using namespace std::chrono_literals;

Task<Result<>> sleep_long() { co_return co_await sleep(1h); }

Task<Result<>> hold(Scope& scope, Scope** out) {
  *out = &scope;
  co_return co_await sleep(1min);
}
Task<Result<>> own_scope(Scope** out) { co_return co_await with_scope(hold, out); }
Task<> call_inside(Loop* loop, Scope* scope, std::optional<Result<>>* outcome) {
  *outcome = co_await run_inside(*loop, *scope, sleep_long);
}

TEST(RunInside, TheScopeMayEndWithItsLastCall) {
  hal::testing::ManualLoop loop;
  Scope scope{Context{.loop = &loop}};
  Scope* inner = nullptr;
  std::optional<Result<>> outcome;
  scope.spawn(own_scope, &inner);
  scope.spawn(call_inside, &loop, inner, &outcome);
  loop.run_ready();
  ASSERT_EQ(inner->active(), 1);
  loop.advance(1h);
  EXPECT_EQ(scope.active(), 0);
  EXPECT_EQ(outcome, Result<>{});
}

// ---- all at once, on threads -------------------------------------------------------------------

struct PingPong {
  Workers* workers;
  std::vector<std::unique_ptr<Scope>>* scopes;
  std::atomic<int> running{0};
  std::atomic<int> ended{0};
};

/// On the stack of each hop: counts however it ends.
class Counted {
 public:
  explicit Counted(PingPong& game) noexcept : game_{game} { ++game_.running; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    --game_.running;
    ++game_.ended;
  }

 private:
  PingPong& game_;
};

Task<Result<std::string>> hop(PingPong* game, std::uint32_t seed, int hops, std::string ball) {
  const Counted counted{*game};
  std::minstd_rand random{seed};
  if (hops == 0) {
    if (random() % 4 == 0) co_await or_return(co_await sleep(1h));
    if (random() % 4 == 0) co_return error(Code::kAborted, "the ball is lost");
    co_return ball;
  }
  const std::size_t there = random() % game->workers->size();
  const auto next = static_cast<std::uint32_t>(random());
  const auto patience = std::chrono::microseconds{random() % 300};
  ball += static_cast<char>('a' + there);
  Loop& loop = game->workers->loop(there);
  if (random() % 2 == 0) {
    co_return co_await timeout(patience, run_on(loop, hop, game, next, hops - 1, std::move(ball)));
  }
  co_return co_await timeout(patience, run_inside(loop, *(*game->scopes)[there], hop, game, next,
                                                  hops - 1, std::move(ball)));
}

Task<Result<>> play(PingPong* game, std::uint32_t seed) {
  auto outcome = co_await hop(game, seed, 1 + static_cast<int>(seed % 6), "");
  if (outcome) EXPECT_EQ(outcome->size(), 1 + seed % 6);
  if (!outcome) EXPECT_NE(outcome.error().code(), Code::kInternal) << outcome.error().to_string();
  co_return Result<>{};
}
Task<Result<>> play_on_each(PingPong* game, std::uint32_t seed) {
  co_return co_await run_on_each(
      *game->workers,
      [](std::size_t index, PingPong* running, std::uint32_t from) {
        return play(running, from + static_cast<std::uint32_t>(index));
      },
      game, seed);
}

TEST(RunOnStress, CallsBetweenFourWorkersThatStopAtAnyTime) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  ThreadPool pool{{.threads = 1}};
  std::vector<std::unique_ptr<Scope>> scopes;
  Workers workers{4, pool};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    scopes.push_back(std::make_unique<Scope>(Context{.loop = &workers.loop(i)}));
  }
  PingPong game{.workers = &workers, .scopes = &scopes};
  IoLoop home;
  for (std::uint32_t round = 0; round < 300; ++round) {
    ASSERT_EQ(block_on(home, play_on_each, &game, seed + 4 * round), Result<>{});
    ASSERT_EQ(game.running, 0) << "a call returns when what it called has ended, not before";
  }
  EXPECT_GE(game.ended, 1200);
  workers.stop_and_join();
}

}  // namespace
}  // namespace hal::net
