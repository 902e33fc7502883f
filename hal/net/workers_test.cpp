#include <hal/net/workers.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/async/offload.hpp>
#include <hal/async/wait_queue.hpp>

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <set>

namespace hal::net {
namespace {

namespace fs = std::filesystem;

TEST(WorkerCount, IsTheLowestOfItsLimits) {
  struct Case {
    std::optional<double> quota;
    std::size_t affinity;
    std::size_t count;
  };
  const Case cases[] = {
      {std::nullopt, 4, 4}, {std::nullopt, 64, 8}, {std::nullopt, 0, 1}, {0.5, 4, 1},
      {1.0, 4, 1},          {1.5, 4, 2},           {2.0, 4, 2},          {7.01, 64, 8},
      {100.0, 64, 8},       {100.0, 2, 2},         {0.0, 4, 1},
  };
  for (const auto& [quota, affinity, count] : cases) {
    EXPECT_EQ(worker_count(quota, affinity), count) << quota.value_or(-1) << " " << affinity;
  }
  EXPECT_GE(default_worker_count(), 1);
  EXPECT_LE(default_worker_count(), kWorkersMax);
}

struct CgroupCase {
  std::string_view name;
  std::string_view groups;
  std::vector<std::pair<std::string_view, std::string_view>> files;
  std::optional<double> quota;
};

TEST(CgroupQuota, ReadsBothVersions) {
  const CgroupCase cases[] = {
      {"none", "", {}, std::nullopt},
      {"v2", "0::/pod\n", {{"pod/cpu.max", "150000 100000\n"}}, 1.5},
      {"v2 unlimited", "0::/pod\n", {{"pod/cpu.max", "max 100000\n"}}, std::nullopt},
      {"v2 in a container", "0::/\n", {{"cpu.max", "50000 100000\n"}}, 0.5},
      {"v2 path of the host", "0::/kubepods/x\n", {{"cpu.max", "200000 100000\n"}}, 2.0},
      {"v2 parent is lower",
       "0::/a/b\n",
       {{"a/cpu.max", "100000 100000\n"}, {"a/b/cpu.max", "300000 100000\n"}},
       1.0},
      {"v1",
       "4:cpu,cpuacct:/d\n2:memory:/d\n",
       {{"cpu,cpuacct/d/cpu.cfs_quota_us", "250000\n"},
        {"cpu,cpuacct/d/cpu.cfs_period_us", "100000\n"}},
       2.5},
      {"v1 unlimited",
       "4:cpu,cpuacct:/\n",
       {{"cpu/cpu.cfs_quota_us", "-1\n"}, {"cpu/cpu.cfs_period_us", "100000\n"}},
       std::nullopt},
      {"nonsense", "no colons\n0::/\n", {{"cpu.max", "many\n"}}, std::nullopt},
  };
  for (const CgroupCase& one : cases) {
    const fs::path root = fs::path{::testing::TempDir()} / fmt::format("hal-cgroup-{}", ::getpid());
    fs::create_directories(root / "proc/self");
    std::ofstream{root / "proc/self/cgroup"} << one.groups;
    for (const auto& [path, text] : one.files) {
      const fs::path file = root / "sys/fs/cgroup" / path;
      fs::create_directories(file.parent_path());
      std::ofstream{file} << text;
    }
    EXPECT_EQ(cgroup_cpu_quota(root), one.quota) << one.name;
    fs::remove_all(root);
  }
}

class WorkersTest : public ::testing::Test {
 protected:
  ThreadPool pool_{{.threads = 1}};
  IoLoop main_;
  Workers workers_{3, pool_};
};

TEST_F(WorkersTest, EachHasAThreadOfItsOwn) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::latch done{3};
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_.post(i, [&] {
      const std::lock_guard lock{mutex};
      threads.insert(std::this_thread::get_id());
      done.count_down();
    });
  }
  done.wait();
  EXPECT_EQ(threads.size(), 3);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
  workers_.stop_and_join();
  workers_.stop_and_join();
}

Task<Result<std::string>> describe(Loop* expected, std::string text) {
  const Context& context = co_await this_context();
  EXPECT_EQ(context.loop, expected);
  EXPECT_EQ(context.tracer, nullptr);
  co_await or_return(co_await sleep(std::chrono::milliseconds{1}));
  if (text.empty()) co_return error(Code::kInvalidArgument, "nothing to say");
  if (text == "throw") throw std::runtime_error{"no"};
  co_return text + " there";
}
Task<Result<std::string>> ask_worker(Loop* loop, std::string text) {
  const auto here = std::this_thread::get_id();
  auto answer = co_await run_on(*loop, describe, loop, std::move(text));
  EXPECT_EQ(std::this_thread::get_id(), here);
  co_return answer;
}

TEST_F(WorkersTest, RunOnReturnsWhatTheOtherLoopComputed) {
  Loop* const loop = &workers_.loop(1);
  EXPECT_EQ(block_on(main_, ask_worker, loop, std::string{"hello"}), "hello there");
  EXPECT_EQ(block_on(main_, ask_worker, loop, std::string{}).error().message(), "nothing to say");
  EXPECT_EQ(block_on(main_, ask_worker, loop, std::string{"throw"}).error().to_string(),
            "INTERNAL: unexpected exception: no");
}

Task<Result<int>> sleep_for_ever(std::atomic<int>* ended) {
  const Result<> woken = co_await sleep(std::chrono::hours{1});
  ++*ended;
  co_return error(woken.error());
}
Task<Result<int>> wait_for_worker(Loop* loop, std::atomic<int>* ended) {
  co_return co_await timeout(std::chrono::milliseconds{1}, run_on(*loop, sleep_for_ever, ended));
}

TEST_F(WorkersTest, RunOnPassesAStopOnAndWaitsForTheEnd) {
  std::atomic<int> ended = 0;
  const Result<int> stopped =
      block_on(main_, wait_for_worker, static_cast<Loop*>(&workers_.loop(0)), &ended);
  EXPECT_EQ(stopped.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(ended, 1);
}

Task<Result<>> note_index(std::size_t index, std::atomic<int>* sum, Workers* workers) {
  EXPECT_EQ((co_await this_context()).loop, &workers->loop(index));
  sum->fetch_add(static_cast<int>(index) + 1);
  co_return Result<>{};
}
Task<Result<>> note_all(Workers* workers, std::atomic<int>* sum) {
  co_return co_await run_on_each(*workers, note_index, sum, workers);
}

TEST_F(WorkersTest, RunOnEachRunsOnEveryLoop) {
  std::atomic<int> sum = 0;
  EXPECT_EQ(block_on(main_, note_all, &workers_, &sum), Result<>{});
  EXPECT_EQ(sum, 6);
}

Task<Result<>> fail_on_one(std::size_t index) {
  if (index == 1) co_return error(Code::kDataLoss, "worker 1");
  co_return co_await sleep(std::chrono::hours{1});
}
Task<Result<>> fail_somewhere(Workers* workers) {
  co_return co_await run_on_each(*workers, fail_on_one);
}

TEST_F(WorkersTest, AnErrorStopsTheOtherWorkers) {
  EXPECT_EQ(block_on(main_, fail_somewhere, &workers_).error().to_string(), "DATA_LOSS: worker 1");
}

Task<Result<bool>> offload_on_worker() {
  const auto here = std::this_thread::get_id();
  const auto there = co_await or_return(offload([] { return std::this_thread::get_id(); }));
  co_return there != here&& std::this_thread::get_id() == here;
}
Task<Result<bool>> offload_from(Loop* loop) { co_return co_await run_on(*loop, offload_on_worker); }

TEST_F(WorkersTest, ShareThePool) {
  EXPECT_EQ(block_on(main_, offload_from, static_cast<Loop*>(&workers_.loop(2))), true);
}

}  // namespace
}  // namespace hal::net
