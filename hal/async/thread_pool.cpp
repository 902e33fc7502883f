#include <hal/async/thread_pool.hpp>

namespace hal {

ThreadPool::ThreadPool(const ThreadPoolOptions& options) : queued_max_{options.queued_max} {
  for (std::size_t i = 0; i < options.threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
}

bool ThreadPool::submit(Work work) {
  {
    const std::lock_guard lock{mutex_};
    if (queue_.size() >= queued_max_) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void ThreadPool::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Work work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it captured is freed outside the lock
    lock.lock();
  }
}

}  // namespace hal
