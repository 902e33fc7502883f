// What a service's command line asks for, beside serving.
#pragma once

#include <hal/config/config.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hal::app {

enum class Command : std::uint8_t {
  kServe,
  kHelp,         ///< --help: every option with its default
  kPrintConfig,  ///< --print-config: every option with its value and where it comes from
  kCheckConfig,  ///< --check-config: whether a start would be refused
};

/// The first of --help, --print-config, --check-config that is there.
[[nodiscard]] Command command_of(const config::Arguments& arguments);

/// For Arguments::check_known(): the flags of `settings` and of the commands.
[[nodiscard]] std::vector<std::string> known_flags(std::span<const config::Setting> settings);

/// The text of --help. `settings` are read from nothing, so that their values are the defaults.
[[nodiscard]] std::string help_text(std::string_view program,
                                    std::span<const config::Setting> settings);

/// A line for each HAL_ variable that no part of the kit reads, with the name that is most likely
/// meant.
[[nodiscard]] std::vector<std::string> unknown_variable_warnings(
    const config::Environment& environment, std::span<const config::Setting> settings);

}  // namespace hal::app
