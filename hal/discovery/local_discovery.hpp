// The registry of one machine: a folder with a locked file per node, and no daemon.
#pragma once

#include <hal/discovery/local_scan.hpp>
#include <hal/discovery/local_watch.hpp>
#include <hal/service/discovery.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace hal::discovery {

class NodeFile;

struct LocalOptions {
  std::string directory;  ///< local_directory_path()
  std::size_t own_nodes_max = 256;
  LocalLimits limits{};
};

/// Finds the nodes of all processes of this user that mean the same folder. A process that is
/// killed is gone at once: the kernel frees its locks. Thread-safe; it must outlive its calls.
/// Everything that blocks runs on the loop's offload pool, which must be there.
class LocalDiscovery final : public service::Discovery {
 public:
  /// Opens nothing: each call opens the folder anew, so it may be removed and come back.
  explicit LocalDiscovery(LocalOptions options);
  /// Removes the files of the nodes that are still registered. Blocks.
  ~LocalDiscovery() override;

  /// UNAVAILABLE: "no node of 'x' in the local registry /tmp/...; it knows: a, b".
  Task<Result<std::vector<service::Node>>> resolve(std::string service) override;
  /// UNAVAILABLE when the folder cannot be used. A file with a wrong document is passed over, and
  /// logged once.
  Task<Result<std::vector<service::Node>>> list() override;
  /// INVALID_ARGUMENT for a node that check() refuses, RESOURCE_EXHAUSTED for one too many,
  /// UNAVAILABLE when the folder cannot be written.
  Task<Result<>> add(service::Node node) override;
  Task<Result<>> remove(std::string id) override;
  /// Told of every node that comes, or leaves by itself; null when the system has no watch left.
  [[nodiscard]] service::Subscription subscribe(const std::string& service,
                                                std::function<void()> changed) override;
  [[nodiscard]] std::string_view name() const noexcept override { return "local"; }

 private:
  Result<std::vector<service::Node>> read_nodes();
  Result<> publish(const service::Node& node);
  Result<> withdraw(const std::string& id);
  void log_failures(const std::vector<FileReport>& failures);

  const LocalOptions options_;
  std::mutex mutex_;  ///< held while files are written: a node's last add() wins on disk too
  std::map<std::string, std::unique_ptr<NodeFile>> own_;  ///< by node id
  std::set<std::string> logged_;                          ///< files that have been complained about
  LocalWatch watch_;
};

}  // namespace hal::discovery
