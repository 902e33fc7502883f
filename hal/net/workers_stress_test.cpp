// Work that wanders between workers, the pool and the loops' queues, at random, and is stopped on
// its way. What holds whatever happens: every await returns on the thread it was made on, each
// frame is destroyed, and what is posted runs. Meant to be run under the thread sanitizer.
#include <hal/async/block_on.hpp>
#include <hal/async/bounded_queue.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/offload.hpp>
#include <hal/async/semaphore.hpp>
#include <hal/async/when_all.hpp>
#include <hal/async/when_any.hpp>
#include <hal/net/workers.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <stdexcept>

namespace hal::net {
namespace {

/// What coroutines of one worker share. No locks: only that worker's thread comes here.
struct Place {
  Semaphore permits{2};
  BoundedQueue<int> numbers{2};
  int alive = 0;
};

struct World {
  Workers* workers = nullptr;
  std::deque<Place> places{};
  std::atomic<int> wanderers = 0;
  std::atomic<int> offloaded = 0;
  std::atomic<int> posted = 0;
  std::atomic<int> post_ran = 0;
  std::atomic<int> strayed = 0;  // resumed on another loop or thread
};

/// Where a coroutine is, checked after each await; its own source of chance.
class Wanderer {
 public:
  Wanderer(World& world, std::size_t at, std::uint32_t seed)
      : world{world}, at{at}, place{world.places[at]}, random{seed} {
    ++world.wanderers;
    ++place.alive;
  }
  Wanderer(const Wanderer&) = delete;
  Wanderer& operator=(const Wanderer&) = delete;
  ~Wanderer() { --place.alive; }

  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random()) % below; }
  std::uint32_t seed() { return static_cast<std::uint32_t>(random()); }
  Duration some_time() { return std::chrono::microseconds{pick(300)}; }
  std::size_t somewhere() { return pick(static_cast<std::uint32_t>(world.places.size())); }
  void check(const Context& context) const {
    if (context.loop != &world.workers->loop(at) || current_context() != &context ||
        std::this_thread::get_id() != home) {
      ++world.strayed;
    }
  }

  World& world;
  const std::size_t at;
  Place& place;
  const std::thread::id home = std::this_thread::get_id();

 private:
  std::minstd_rand random;
};

Task<Result<int>> wander(World* world, std::size_t at, std::uint32_t seed, int steps);

Task<Result<int>> go_elsewhere(Wanderer* self, int steps) {
  const std::size_t there = self->somewhere();
  co_return co_await run_on(self->world.workers->loop(there), wander, &self->world, there,
                            self->seed(), steps);
}

int compute(std::atomic<int>* count, std::uint32_t number) {
  ++*count;
  if (number % 16 == 0) throw std::runtime_error{"computed too much"};
  return static_cast<int>(number % 1000);
}

Task<Result<int>> hand_on(Wanderer* self) {
  co_await or_return(self->place.numbers.push(1));
  const auto number = co_await or_return(self->place.numbers.pop());
  co_return number.value_or(0);
}

Task<Result<int>> work_with_a_permit(Wanderer* self) {
  const auto permit = co_await or_return(self->place.permits.acquire());
  co_return co_await offload(compute, &self->world.offloaded, self->seed());
}

Task<Result<>> wander_beside(World* world, std::size_t at, std::uint32_t seed, int steps) {
  auto outcome = co_await wander(world, at, seed, steps);
  co_return outcome ? Result<>{} : error(std::move(outcome.error()));
}

Task<Result<int>> spread(Scope& scope, Wanderer* self, int steps) {
  for (int i = 0; i < 3; ++i) {
    scope.spawn(wander_beside, &self->world, self->at, self->seed(), steps);
  }
  co_await or_return(co_await sleep(self->some_time()));
  scope.cancel({Code::kAborted, "enough"});
  co_return 1;
}

Task<Result<int>> step(Wanderer* self, int steps) {
  switch (self->pick(9)) {
    case 0:
      co_return co_await offload(compute, &self->world.offloaded, self->seed());
    case 1:
      co_return co_await go_elsewhere(self, steps);
    case 2: {
      const auto [here, there] = co_await or_return(
          when_all(wander(&self->world, self->at, self->seed(), steps), go_elsewhere(self, steps)));
      co_return here + there;
    }
    case 3: {
      const auto first = co_await or_return(
          when_any(go_elsewhere(self, steps), work_with_a_permit(self), go_elsewhere(self, steps)));
      co_return static_cast<int>(first.index());
    }
    case 4:
      co_return co_await timeout(self->some_time(), go_elsewhere(self, steps));
    case 5:
      co_return co_await with_scope(spread, self, steps);
    case 6:
      co_return co_await work_with_a_permit(self);
    case 7:
      co_return co_await timeout(self->some_time(), hand_on(self));
    default:
      ++self->world.posted;
      self->world.workers->post(self->somewhere(), [world = &self->world] { ++world->post_ran; });
      co_await or_return(co_await sleep(self->some_time()));
      co_return 0;
  }
}

Task<Result<int>> wander(World* world, std::size_t at, std::uint32_t seed, int steps) {
  Wanderer self{*world, at, seed};
  self.check(co_await this_context());
  if (steps == 0) {
    if (self.pick(4) == 0) co_return error(Code::kNotFound, "nothing here");
    co_return 1;
  }
  auto outcome = co_await step(&self, steps - 1);
  self.check(co_await this_context());
  if (!outcome && self.pick(2) == 0) co_return outcome;
  co_return co_await wander(world, at, self.seed(), steps - 1);
}

/// Journeys from one worker: some at once, then the next ones.
Task<Result<>> send_out(std::size_t at, World* world, std::uint32_t seed) {
  std::minstd_rand random{seed + static_cast<std::uint32_t>(at)};
  for (int round = 0; round < 25; ++round) {
    std::vector<std::uint32_t> seeds(4);
    for (auto& one : seeds) one = static_cast<std::uint32_t>(random());
    (void)co_await when_any(seeds,
                            [world, at](std::uint32_t one) { return wander(world, at, one, 5); });
    (void)co_await wander(world, at, static_cast<std::uint32_t>(random()), 5);
  }
  co_return Result<>{};
}

Task<Result<>> check_place(std::size_t at, World* world) {
  Place& place = world->places[at];
  EXPECT_EQ(place.alive, 0);
  EXPECT_EQ(place.permits.available(), 2U);
  co_return Result<>{};
}

Task<Result<>> send_out_everywhere(World* world, std::uint32_t seed) {
  co_await or_return(run_on_each(*world->workers, send_out, world, seed));
  // Behind everything that was posted before.
  co_return co_await run_on_each(*world->workers, check_place, world);
}

TEST(WorkersStress, WhateverWandersComesBack) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  ThreadPool pool{{.threads = 2}};
  IoLoop main;
  Workers workers{3, pool};
  World world{.workers = &workers};
  for (std::size_t i = 0; i < workers.size(); ++i) world.places.emplace_back();
  const auto done = block_on(main, send_out_everywhere, &world, seed);
  EXPECT_TRUE(done) << done.error().to_string();
  workers.stop_and_join();
  EXPECT_EQ(world.strayed, 0);
  EXPECT_EQ(world.posted, world.post_ran);
  EXPECT_GT(world.wanderers, 1000);
  EXPECT_GT(world.offloaded, 50);
}

}  // namespace
}  // namespace hal::net
