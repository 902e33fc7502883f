// NodeSet: the nodes of one service, written by the loop that watches them, read by all.
#pragma once

#include <hal/async/wait_queue.hpp>
#include <hal/service/discovery.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace hal::discovery {

/// Thread-safe, but for settled(), which belongs to the loop that writes.
class NodeSet {
 public:
  struct Answer {
    /// Null until there was one. Then the last one that is known, whatever happens.
    std::shared_ptr<const std::vector<service::Node>> nodes{};
    /// Why there is no newer one; OK when it is the newest.
    Status failure{};
  };

  [[nodiscard]] Answer answer() const;
  /// Tells the subscribers if it differs from the last answer.
  void put(std::vector<service::Node> nodes);
  void fail(Status why);
  /// The last answer is the newest again.
  void recovered();

  /// OK once there is an answer or a failure; an error is the reason of a stop.
  Task<Result<>> settled();

  /// As Discovery::subscribe.
  [[nodiscard]] service::Subscription subscribe(std::function<void()> changed);

 private:
  using Function = std::function<void()>;

  mutable std::mutex mutex_;
  Answer answer_;
  std::vector<std::weak_ptr<Function>> subscribed_;
  WaitQueue changed_;  // the writing loop's
};

}  // namespace hal::discovery
