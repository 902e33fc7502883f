// A look at the local registry: which nodes live now.
#pragma once

#include <hal/discovery/local_directory.hpp>
#include <hal/discovery/nodes.hpp>

#include <string>
#include <vector>

namespace hal::discovery {

struct LocalLimits {
  std::size_t files_max = 4096;        ///< a look at more would take longer than a call may wait
  std::size_t file_bytes_max = 65536;  ///< a node with its endpoints has about 1 KiB
  NodeLimits node{};
};

/// What one file says.
struct FileReport {
  std::string file;
  std::vector<service::Node> nodes{};  ///< empty: the owner is gone, or `failure`
  Status failure{};                    ///< why a live file cannot be used
};

/// Reads one file of the folder; removes it when its owner is gone. Blocks.
[[nodiscard]] FileReport read_report(const LocalDirectory& directory, std::string file,
                                     const LocalLimits& limits);

struct LocalScan {
  std::vector<service::Node> nodes;  ///< sorted
  std::vector<FileReport> failures;  ///< files that are there and cannot be used
};

/// Reads every file, and removes those whose owner is gone. UNAVAILABLE when the folder cannot be
/// read. Blocks; under 1 ms for 100 nodes.
[[nodiscard]] Result<LocalScan> scan(const LocalDirectory& directory, const LocalLimits& limits);

}  // namespace hal::discovery
