// A few threads for what blocks: name resolution, password hashes, files.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hal {

struct ThreadPoolOptions {
  std::size_t threads = 4;        ///< enough for blocking calls beside one worker per core
  std::size_t queued_max = 1024;  ///< what waits beyond this is refused
};

/// Runs callables on its own threads. Thread-safe. The destructor finishes what is queued.
class ThreadPool {
 public:
  using Work = std::move_only_function<void()>;
  explicit ThreadPool(const ThreadPoolOptions& options = {});
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  /// False, and `work` is not run, when the queue is full. Work must not throw.
  [[nodiscard]] bool submit(Work work);

 private:
  void run();

  const std::size_t queued_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> queue_;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace hal
