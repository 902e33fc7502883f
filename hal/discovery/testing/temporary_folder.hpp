// A folder that exists while a test runs.
#pragma once

#include <hal/discovery/local_directory.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hal::discovery::testing {

/// Mode 0700, below the system's folder for temporary files; removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path(std::string_view name) const {
    return path_ + "/" + std::string{name};
  }
  /// The folder as a registry opens it.
  [[nodiscard]] LocalDirectory open() const;
  /// The names of what is in it now, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  void write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

}  // namespace hal::discovery::testing
