// The folder of the local registry: where it is, and that nobody else can write into it.
#pragma once

#include <hal/base/file_descriptor.hpp>
#include <hal/config/environment.hpp>

#include <hal/base/status.hpp>

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace hal::discovery {

/// `local_dir` (HAL_LOCAL_DIR) unless it is empty, else $XDG_RUNTIME_DIR/hal9000, else
/// /tmp/hal9000-<user>. INVALID_ARGUMENT for a relative HAL_LOCAL_DIR: processes in two folders
/// would not find each other. A relative XDG_RUNTIME_DIR is passed over (XDG Base Directory
/// Specification).
[[nodiscard]] Result<std::string> local_directory_path(std::string_view local_dir,
                                                       const config::Environment& environment,
                                                       uid_t user);

/// An open folder that belongs to this user alone. Whatever happens to its path later, the
/// descriptor stays with the folder that was checked.
class LocalDirectory {
 public:
  /// Makes the folder with mode 0700 if it is not there; its parent must be. FAILED_PRECONDITION
  /// that says what to do for a symbolic link, something that is no folder, another owner, access
  /// for group or others, a parent that is missing or cannot be written. Blocks.
  [[nodiscard]] static Result<LocalDirectory> open(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

  /// The names in it, at most `max`, in no order. UNAVAILABLE when it cannot be read. Blocks.
  [[nodiscard]] Result<std::vector<std::string>> names(std::size_t max) const;

 private:
  LocalDirectory(std::string path, FileDescriptor descriptor)
      : path_{std::move(path)}, descriptor_{std::move(descriptor)} {}

  std::string path_;
  FileDescriptor descriptor_;
};

}  // namespace hal::discovery
