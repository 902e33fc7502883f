// Which registry folder one `hal up` uses.
#pragma once

#include <hal/base/status.hpp>
#include <hal/config/environment.hpp>

#include <string>

namespace hal::cli {

/// Holds the claim on a folder until it is destroyed. Movable.
class LocalFolder {
 public:
  /// The machine's folder if no other `hal up` has claimed it, else one below it of this
  /// process's own: two systems beside each other must not find each other's services.
  [[nodiscard]] static Result<LocalFolder> claim(const config::Environment& environment);
  LocalFolder(LocalFolder&& other) noexcept;
  LocalFolder& operator=(LocalFolder&&) = delete;
  /// Removes a folder of its own.
  ~LocalFolder();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// True: other commands need HAL_LOCAL_DIR to find it.
  [[nodiscard]] bool own() const noexcept { return own_; }

 private:
  LocalFolder(std::string path, int lock, bool own)
      : path_{std::move(path)}, lock_{lock}, own_{own} {}
  std::string path_;
  int lock_ = -1;
  bool own_ = false;
};

}  // namespace hal::cli
