// One file of the local registry: a document that is valid while its owner holds the lock on it.
#pragma once

#include <hal/discovery/local_directory.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace hal::discovery {

/// The owner's side. The lock is flock's, which the kernel takes back when the process ends,
/// however it ends; the descriptor is closed by exec, so a program started by the owner does not
/// keep it. A fork()ed child that does not exec shares the lock until it ends, and never removes
/// the file. Not thread-safe.
class NodeFile {
 public:
  /// Writes "<uuid>.json": content and lock first, under another name, then rename, so that nobody
  /// ever sees a part of it, or sees it unlocked. A file of that name, which must be this process's
  /// own, is replaced in one step. UNAVAILABLE when the system refuses. Blocks.
  [[nodiscard]] static Result<NodeFile> publish(LocalDirectory directory, std::string_view uuid,
                                                std::string_view content);

  NodeFile(NodeFile&&) noexcept = default;
  NodeFile& operator=(NodeFile&&) = delete;
  /// Removes the file, unless it has been replaced.
  ~NodeFile();

  [[nodiscard]] const std::string& uuid() const noexcept { return uuid_; }

 private:
  NodeFile(LocalDirectory directory, std::string_view uuid, FileDescriptor file)
      : directory_{std::move(directory)}, uuid_{uuid}, file_{std::move(file)}, owner_{getpid()} {}

  LocalDirectory directory_;
  std::string uuid_;
  FileDescriptor file_;
  pid_t owner_;
};

/// Whether a name is one that publish() uses: "<uuid>.json", or "<uuid>.tmp" while it is written.
/// Others are none of ours and stay untouched.
[[nodiscard]] bool is_document(std::string_view name) noexcept;
[[nodiscard]] bool is_unfinished(std::string_view name) noexcept;

/// The reader's side: the content of a file whose owner lives. nullopt when there is none, and
/// when the owner is gone: then the file is removed. INVALID_ARGUMENT for a live file of more than
/// `bytes_max`, UNAVAILABLE when the system refuses. Safe beside other readers, owners that replace
/// or remove the file, and new files of the same name. Blocks, but never waits for a lock.
[[nodiscard]] Result<std::optional<std::string>> read_node_file(const LocalDirectory& directory,
                                                                const std::string& name,
                                                                std::size_t bytes_max);

}  // namespace hal::discovery
