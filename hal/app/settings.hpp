// Settings: every option the process has read, and how to read it again.
#pragma once

#include <hal/config/config.hpp>

#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace hal::app {

/// Reads one struct of options and appends its settings; config::read_into of a fresh struct.
using ReadSettings = std::function<Result<>(const config::Source&, std::vector<config::Setting>*)>;

/// An option whose value another reading gives.
struct Change {
  config::Setting before{};
  config::Setting after{};
};

/// Thread-safe.
class Settings {
 public:
  /// Reads and keeps a struct's settings, and remembers how; error as of `read`, the settings are
  /// kept nevertheless.
  Result<> add(const config::Source& source, ReadSettings read);

  [[nodiscard]] std::vector<config::Setting> all() const;

  /// All structs from another source. INVALID_ARGUMENT with all refused values, or with unknown
  /// keys of its file. Nothing is kept.
  [[nodiscard]] Result<std::vector<config::Setting>> read_again(const config::Source& source) const;

  /// Where `now` (of read_again) differs in value. A secret's value cannot be told from another.
  [[nodiscard]] std::vector<Change> changes(std::span<const config::Setting> now) const;

  /// Keeps the setting in the place of the one of its name.
  void replace(const config::Setting& setting);

 private:
  mutable std::mutex mutex_;
  std::vector<config::Setting> settings_;
  std::vector<ReadSettings> readers_;
};

}  // namespace hal::app
