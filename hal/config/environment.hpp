// Environment: the process's environment variables as a value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hal::config {

/// A snapshot of environment variables. Only from_process() reads the process's own: everything
/// else takes an Environment, so a test hands in a map. A value type; const calls are thread-safe.
class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  Environment() = default;
  explicit Environment(Variables variables) : variables_{std::move(variables)} {}

  /// Copies the variables of this process. Call it before threads start that may call setenv.
  [[nodiscard]] static Environment from_process();

  /// The variable's value. nullopt when it is unset or empty: an empty value means "unset", as
  /// OpenTelemetry's environment variable specification wants and a manifest's `value: ""` means.
  /// The view lives as long as this object.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

  /// find(), or `fallback`.
  [[nodiscard]] std::string_view get(std::string_view name, std::string_view fallback = {}) const;

  [[nodiscard]] const Variables& variables() const noexcept { return variables_; }

 private:
  Variables variables_;
};

}  // namespace hal::config
