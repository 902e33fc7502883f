// The nodes that this process has in the registry.
#pragma once

#include <hal/service/discovery.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace hal::app {

/// Registers until the process drains. Thread-safe; it and the registry outlive its coroutines.
class RegisteredNodes {
 public:
  /// All removals of one call together: a registry that does not answer leaves the drain its time.
  static constexpr Duration kRemovalTime = std::chrono::seconds{5};

  /// OK, or why the registry does not take the node. A node that was on its way when remove_all()
  /// came is removed again: nobody is to find it any more.
  Task<Result<>> add(service::Discovery* discovery, service::Node node);

  /// Removes all nodes, those under way too, each once. What fails, or takes more than
  /// kRemovalTime, is a log line.
  Task<> remove_all(service::Discovery* discovery);

 private:
  /// False when no node is to be known any more.
  bool keep(const std::string& id);

  std::mutex mutex_;
  std::vector<std::string> ids_;
  bool closed_ = false;  ///< by remove_all()
};

}  // namespace hal::app
