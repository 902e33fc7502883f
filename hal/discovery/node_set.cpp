#include <hal/discovery/node_set.hpp>

#include <hal/async/or_return.hpp>

#include <utility>

namespace hal::discovery {

NodeSet::Answer NodeSet::answer() const {
  const std::lock_guard lock{mutex_};
  return answer_;
}

void NodeSet::put(std::vector<service::Node> nodes) {
  std::vector<std::shared_ptr<Function>> tell;
  {
    const std::lock_guard lock{mutex_};
    answer_.failure = {};
    const bool same = answer_.nodes != nullptr && *answer_.nodes == nodes;
    if (!same) {
      answer_.nodes = std::make_shared<const std::vector<service::Node>>(std::move(nodes));
      for (const auto& weak : subscribed_) tell.push_back(weak.lock());
    }
  }
  // Not under the lock: a function may ask for the answer.
  for (const auto& function : tell) {
    if (function != nullptr) (*function)();
  }
  changed_.wake_all();
}

void NodeSet::fail(Status why) {
  {
    const std::lock_guard lock{mutex_};
    answer_.failure = std::move(why);
  }
  changed_.wake_all();
}

void NodeSet::recovered() {
  const std::lock_guard lock{mutex_};
  answer_.failure = {};
}

Task<Result<>> NodeSet::settled() {
  for (;;) {
    const Answer now = answer();
    if (now.nodes != nullptr || !now.failure.ok()) co_return Result<>{};
    co_await or_return(co_await changed_.wait());
  }
}

service::Subscription NodeSet::subscribe(std::function<void()> changed) {
  auto function = std::make_shared<Function>(std::move(changed));
  const std::lock_guard lock{mutex_};
  std::erase_if(subscribed_, [](const auto& weak) { return weak.expired(); });
  subscribed_.push_back(function);
  return function;
}

}  // namespace hal::discovery
