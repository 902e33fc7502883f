// Commands of hal9000-auth: users, without a server or beside one.
#pragma once

#include <hal/config/config.hpp>

#include <optional>
#include <string_view>

namespace auth {

/// What the program does beside serving, for its --help.
[[nodiscard]] std::string_view commands_help();

/// Runs the command that the first argument names, and returns the program's exit code: 0, 1 when
/// it failed, 2 when it was wrongly typed or an option is refused. Nullopt when there is no
/// argument: the program serves. What it did is on standard output, why it failed on standard
/// error. Blocks.
[[nodiscard]] std::optional<int> run_command(std::string_view program,
                                             const hal::config::Source& source);

}  // namespace auth
