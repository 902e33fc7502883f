// File: options from a YAML file.
#pragma once

#include <hal/base/status.hpp>

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace hal::config {

/// The options a YAML file names. A key is a variable's name (`HAL_LOG_LEVEL: debug`), or its parts
/// in lower case, one inside the other (`hal: {log_level: debug}`, `service: {port: 8080}`). A list
/// of scalars is one value, joined by commas. A key without a value counts as unset. A value type;
/// const calls are thread-safe.
class File {
 public:
  struct Entry {
    std::string text{};
    int line = 0;  ///< from 1
  };

  /// No file: no options.
  File() = default;

  /// `name` stands in messages. INVALID_ARGUMENT with name and line for what is no YAML, no map, a
  /// key that is given twice, a list inside a list, more than 1,000 values or 8 levels.
  [[nodiscard]] static Result<File> parse(const std::string& text, std::string name);
  /// INVALID_ARGUMENT as of parse(), also for a file that cannot be read or has more than 1 MiB.
  [[nodiscard]] static Result<File> load(const std::string& path);

  /// The value of a variable, or null. Lives as long as this object.
  [[nodiscard]] const Entry* find(std::string_view variable) const;

  /// OK when every key is one of `known` (variables); else INVALID_ARGUMENT that names each unknown
  /// key with its line and the known name nearest to it.
  [[nodiscard]] Result<> check_known(std::span<const std::string> known) const;

  /// Empty without a file.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace hal::config
