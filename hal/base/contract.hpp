// Contracts: checks of what only a bug can break. They stop the process with file, line and rule.
#pragma once

#include <source_location>
#include <string_view>

namespace hal {

/// Prints "file:line: contract broken: rule" on stderr and aborts. For bugs, never for bad input.
[[noreturn]] void contract_failure(
    std::string_view rule, std::source_location where = std::source_location::current()) noexcept;

/// Aborts with the rule's text unless it holds. Checked in all builds.
inline void expects(bool holds, std::string_view rule,
                    std::source_location where = std::source_location::current()) noexcept {
  if (!holds) [[unlikely]] {
    contract_failure(rule, where);
  }
}

}  // namespace hal
