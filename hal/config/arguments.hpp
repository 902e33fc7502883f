// Arguments: a program's command line, split into flags and the rest.
#pragma once

#include <hal/base/status.hpp>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hal::config {

/// One flag as it was typed: a value is absent in `--verbose` at the end or before another flag.
struct Flag {
  std::optional<std::string> value;
  friend bool operator==(const Flag&, const Flag&) = default;
};

/// Flags `--name=value` and `--name value`, and positional arguments. The last of several flags of
/// one name wins. `--` ends the flags. What follows `--name` is its value unless it begins with
/// `--`: a yes/no flag before a positional argument is therefore written `--name=true`.
/// A value type; const calls are thread-safe.
class Arguments {
 public:
  Arguments() = default;

  /// `words` without the program's name. INVALID_ARGUMENT for `-x` (there are no short flags; "-"
  /// alone and negative numbers are positional) and for a flag without a name.
  [[nodiscard]] static Result<Arguments> parse(std::span<const std::string> words);
  /// main's arguments; argv[0] is left out.
  [[nodiscard]] static Result<Arguments> parse(int argc, const char* const* argv);

  /// The flag called `name` (without dashes), or null. Lives as long as this object.
  [[nodiscard]] const Flag* find(std::string_view name) const;

  [[nodiscard]] const std::vector<std::string>& positional() const noexcept { return positional_; }

  /// OK when every flag is one of `known` (names without dashes); else INVALID_ARGUMENT that lists
  /// the unknown flags and the known ones.
  [[nodiscard]] Result<> check_known(std::span<const std::string> known) const;

 private:
  std::map<std::string, Flag, std::less<>> flags_;
  std::vector<std::string> positional_;
};

}  // namespace hal::config
