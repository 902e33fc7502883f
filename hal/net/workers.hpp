// Workers: one thread and one event loop per core.
#pragma once

#include <hal/async/thread_pool.hpp>
#include <hal/net/io_loop.hpp>
#include <hal/net/run_on.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace hal::net {

inline constexpr std::size_t kWorkersMax = 8;  ///< by default: a service rarely gains from more

/// min(ceil(quota), affinity, kWorkersMax), at least 1. `quota` in processors; nullopt: none.
[[nodiscard]] std::size_t worker_count(std::optional<double> quota, std::size_t affinity) noexcept;

/// The processors this process may use by its cgroup (v2 cpu.max, or v1 cpu.cfs_quota_us), the
/// lowest on the way up to the root; nullopt when unlimited or unknown. `root` is for tests.
[[nodiscard]] std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root = "/");

/// worker_count for this process: its cgroup's quota and the processors of sched_getaffinity(2).
[[nodiscard]] std::size_t default_worker_count();

/// Threads that run one IoLoop each from construction on. The loops offload to `pool`, which must
/// outlive this object.
class Workers {
 public:
  /// Precondition: count > 0.
  Workers(std::size_t count, ThreadPool& pool);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// stop_and_join().
  ~Workers();

  [[nodiscard]] std::size_t size() const noexcept { return workers_.size(); }
  /// Only its thread-safe functions may be called from elsewhere. Precondition: index < size().
  [[nodiscard]] IoLoop& loop(std::size_t index) noexcept { return workers_[index]->loop; }
  /// Runs `work` on the loop's thread. Thread-safe.
  void post(std::size_t index, Loop::Work work) { loop(index).post(std::move(work)); }

  /// Stops the loops and joins the threads; idempotent. No coroutine may be left on the loops:
  /// whoever started one with run_on has awaited its end.
  void stop_and_join() noexcept;

 private:
  struct Worker {
    IoLoop loop;
    std::jthread thread;
  };
  std::vector<std::unique_ptr<Worker>> workers_;
};

namespace detail {

template <class F, class... Values>
Task<Result<>> run_worker(Workers* workers, std::size_t index, F function, Values... values) {
  co_return co_await run_on(workers->loop(index), std::move(function), index, std::move(values)...);
}

template <class F, class... Values>
Task<Result<>> run_workers(Scope& scope, Workers* workers, F function, Values... values) {
  for (std::size_t index = 0; index < workers->size(); ++index) {
    scope.spawn(run_worker<F, Values...>, workers, index, function, values...);
  }
  co_return Result<>{};
}

}  // namespace detail

/// Runs `function(index, values...)` -> Task<Result<>> on every worker's loop at once, and waits
/// for all. The first error stops the others and is the result. `function` is shared by copies:
/// what its values point to must be thread-safe.
template <class F, class... Values>
Task<Result<>> run_on_each(Workers& workers, F function, Values... values) {
  co_return co_await with_scope(detail::run_workers<F, Values...>, &workers, std::move(function),
                                std::move(values)...);
}

}  // namespace hal::net
