// LocalWatch: tells when nodes come to the local registry's folder, or leave it.
#pragma once

#include <hal/base/file_descriptor.hpp>
#include <hal/service/discovery.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hal::discovery {

/// inotify on a thread of its own, which the first subscriber starts. It tells of files that come
/// or are removed, not of a process that is killed: the kernel reports the end of its files before
/// it frees their locks, and its peers know by their connections. Thread-safe.
class LocalWatch {
 public:
  explicit LocalWatch(std::string folder) : folder_{std::move(folder)} {}
  LocalWatch(const LocalWatch&) = delete;
  LocalWatch& operator=(const LocalWatch&) = delete;
  /// Nobody is told any more.
  ~LocalWatch();

  /// As Discovery::subscribe. Null when the system has no watch left: the folder has to be asked
  /// again from time to time, as without a watch.
  [[nodiscard]] service::Subscription subscribe(std::function<void()> changed);
  /// Watches the folder that is there now: it may have been removed and come back.
  void renew();

 private:
  using Function = std::function<void()>;

  bool start();
  void run(const std::stop_token& stop);
  void tell();

  const std::string folder_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Function>> subscribed_;
  FileDescriptor notify_;
  FileDescriptor wake_up_;
  std::jthread thread_;
};

}  // namespace hal::discovery
