// Coroutines that wait, fail, throw, stop each other and start more, at random. What holds whatever
// happens: every await returns, each frame is destroyed by the time its scope ends, and plain
// functions find the Context of the coroutine that runs.
#include <gtest/gtest.h>

#include <hal/async/bounded_queue.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/semaphore.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/wait_queue.hpp>
#include <hal/async/when_all.hpp>
#include <hal/async/when_any.hpp>

#include <fmt/format.h>

#include <random>
#include <stdexcept>

namespace hal {
namespace {

using namespace std::chrono_literals;

constexpr int kPermits = 2;

struct World {
  std::minstd_rand random{};
  WaitQueue queue{};
  Semaphore permits{kPermits};
  int permits_held = 0;
  BoundedQueue<int> numbers{2};
  int next_number = 0;
  std::vector<int> pushed{};
  std::vector<int> popped{};
  int alive = 0;
  int grown = 0;
  int wrong_contexts = 0;
  std::string broken{};  // a rule

  std::size_t pick(std::size_t below) { return random() % below; }
  Duration some_time() { return std::chrono::milliseconds{pick(20)}; }
  void check(const Context& context) {
    if (current_context() != &context) ++wrong_contexts;
  }
};

class Alive {
 public:
  explicit Alive(World& world) noexcept : world_{world} {
    ++world_.alive;
    ++world_.grown;
  }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --world_.alive; }

 private:
  World& world_;
};

Task<Result<int>> grow(World* world, int depth);

Task<Result<int>> grow_pair(std::pair<World*, int> what) {
  co_return co_await grow(what.first, what.second);
}

Task<Result<>> grow_beside(World* world, int depth) {
  const Alive alive{*world};
  auto grown = co_await grow(world, depth);
  world->check(co_await this_context());
  if (!grown && world->pick(2) == 0) co_return error(std::move(grown.error()));
  co_return Result<>{};
}

Task<Result<>> spread(Scope& scope, World* world, int depth) {
  const Alive alive{*world};
  for (std::size_t children = 1 + world->pick(4); children > 0; --children) {
    scope.spawn(grow_beside, world, depth);
    world->check(co_await this_context());
  }
  if (world->pick(3) == 0) co_await or_return(co_await sleep(world->some_time()));
  world->check(co_await this_context());
  if (world->pick(4) == 0) scope.cancel({Code::kAborted, "enough"});
  if (world->pick(6) == 0) throw std::runtime_error{"spread"};
  co_return Result<>{};
}

/// While one of the permits is held.
Task<Result<>> hold_a_permit(World* world) {
  const Alive alive{*world};
  const auto permit = co_await or_return(world->permits.acquire());
  if (++world->permits_held > kPermits) world->broken = "more permits than there are";
  const auto slept = co_await sleep(world->some_time());
  --world->permits_held;
  co_return slept;
}

Task<Result<>> push_a_number(World* world) {
  const Alive alive{*world};
  const int number = world->next_number++;
  // Producers that wait go on in their order, and nobody runs between the push and this line.
  co_await or_return(world->numbers.push(number));
  world->pushed.push_back(number);
  co_return Result<>{};
}

Task<Result<>> pop_a_number(World* world) {
  const Alive alive{*world};
  const auto number = co_await or_return(world->numbers.pop());
  if (number) world->popped.push_back(*number);
  co_return Result<>{};
}

Task<Result<int>> wait_somehow(World* world) {
  const Alive alive{*world};
  switch (world->pick(6)) {
    case 0:
      co_await or_return(hold_a_permit(world));
      break;
    case 1:
      co_await or_return(push_a_number(world));
      break;
    case 2:
      co_await or_return(pop_a_number(world));
      break;
    case 3:
    case 4:
      co_await or_return(co_await sleep(world->some_time()));
      break;
    default:
      co_await or_return(co_await world->queue.wait());
  }
  world->check(co_await this_context());
  co_return 1;
}

Task<Result<int>> end_somehow(World* world) {
  const Alive alive{*world};
  switch (world->pick(4)) {
    case 0:
      co_return error(Code::kNotFound, "nothing grows here");
    case 1:
      throw std::runtime_error{"frost"};
    default:
      co_await or_return(co_await or_stopped());
      co_return 1;
  }
}

Task<Result<int>> grow_further(World* world, int depth) {
  const Alive alive{*world};
  switch (world->pick(7)) {
    case 0:
      co_await or_return(with_scope(spread, world, depth));
      world->check(co_await this_context());
      co_return 1;
    case 1:
      co_return co_await timeout(world->some_time(), grow(world, depth));
    case 2: {
      const auto [left, right] =
          co_await or_return(when_all(grow(world, depth), grow(world, depth)));
      world->check(co_await this_context());
      co_return left + right;
    }
    case 3: {
      const int first = co_await or_return(grow(world, depth));
      co_return first + co_await or_return(timeout(world->some_time(), grow(world, depth)));
    }
    case 4: {
      const auto first = co_await or_return(
          when_any(grow(world, depth), hold_a_permit(world), grow(world, depth)));
      world->check(co_await this_context());
      co_return first.index() == 0 ? std::get<0>(first) : 1;
    }
    case 5: {
      const std::vector<std::pair<World*, int>> all(1 + world->pick(4), {world, depth});
      const auto first = co_await or_return(when_any(all, grow_pair));
      world->check(co_await this_context());
      co_return first.value;
    }
    default:
      world->pick(2) == 0 ? world->queue.wake_all() : void(world->queue.wake_one());
      co_return co_await grow(world, depth);
  }
}

Task<Result<int>> grow(World* world, int depth) {
  const Alive alive{*world};
  if (depth == 0) co_return co_await end_somehow(world);
  if (world->pick(4) == 0) co_return co_await wait_somehow(world);
  const int grown = co_await or_return(grow_further(world, depth - 1));
  world->check(co_await this_context());
  co_return grown;
}

Task<Result<int>> plant(World* world) {
  co_return co_await timeout(1min, grow(world, 6));  // what waits for nobody ends by it
}

/// Each value that went in came out once and in its turn, or is still there.
void check_numbers(World& world) {
  while (const auto number = world.numbers.try_pop()) world.popped.push_back(*number);
  EXPECT_EQ(world.popped, world.pushed);
  EXPECT_EQ(world.numbers.size(), 0U);
}

TEST(AsyncStress, EverythingEndsAndIsDestroyed) {
  const std::uint32_t seed = std::random_device{}();
  constexpr std::uint32_t kRounds = 10'000;
  std::size_t grown = 0;
  std::size_t passed_on = 0;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(fmt::format("seed {}", seed + round));
    testing::ManualLoop loop;
    World world{.random = std::minstd_rand{seed + round}};
    (void)block_on(loop, plant, &world);
    ASSERT_EQ(world.alive, 0);
    ASSERT_TRUE(world.queue.empty());
    ASSERT_EQ(world.permits.available(), kPermits);
    check_numbers(world);
    ASSERT_EQ(world.broken, "");
    ASSERT_EQ(world.wrong_contexts, 0);
    ASSERT_EQ(current_context(), nullptr);
    grown += static_cast<std::size_t>(world.grown);
    passed_on += world.popped.size();
  }
  EXPECT_GT(grown, kRounds * 5);
  EXPECT_GT(passed_on, kRounds / 10);
}

}  // namespace
}  // namespace hal
