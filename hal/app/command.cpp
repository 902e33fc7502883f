#include <hal/app/command.hpp>

#include <hal/config/nearest.hpp>

#include <array>

#include <fmt/format.h>

namespace hal::app {
namespace {

struct CommandFlag {
  std::string_view flag;
  Command command;
  std::string_view help;
};
constexpr std::array kCommands{
    CommandFlag{"help", Command::kHelp, "this text"},
    CommandFlag{"print-config", Command::kPrintConfig,
                "every option, its value, and where it comes from"},
    CommandFlag{"check-config", Command::kCheckConfig,
                "exit code 0 when the configuration is right, else 2; starts nothing"},
};

/// Of other programs of the kit that share an environment with a service.
constexpr std::array<std::string_view, 3> kOthers{"HAL_COLLECTOR_", "HAL_UP_", "HAL_DOCTOR_"};
constexpr std::string_view kPrefix = "HAL_";

}  // namespace

Command command_of(const config::Arguments& arguments) {
  for (const auto& each : kCommands) {
    if (arguments.find(each.flag) != nullptr) return each.command;
  }
  return Command::kServe;
}

std::vector<std::string> known_flags(std::span<const config::Setting> settings) {
  auto flags = config::flags_of(settings);
  for (const auto& each : kCommands) flags.emplace_back(each.flag);
  return flags;
}

std::string help_text(std::string_view program, std::span<const config::Setting> settings) {
  std::string text = fmt::format(
      "usage: {} [--option=value ...]\n\n"
      "An option is a flag, an environment variable, or a key of the YAML file that --config\n"
      "names; a flag wins over its variable, a variable over the file. [default]\n\n",
      program);
  for (const auto& each : kCommands)
    text += fmt::format("  --{}\n      {}\n", each.flag, each.help);
  text += '\n';
  return text + config::to_help(settings);
}

std::vector<std::string> unknown_variable_warnings(const config::Environment& environment,
                                                   std::span<const config::Setting> settings) {
  auto known = config::variables_of(settings);
  std::erase_if(known, [](const std::string& name) { return !name.starts_with(kPrefix); });
  std::vector<std::string> warnings;
  for (const auto& name : config::unknown_variables(environment, settings, kPrefix)) {
    const auto is_prefix = [&](std::string_view other) { return name.starts_with(other); };
    if (std::ranges::any_of(kOthers, is_prefix)) continue;
    warnings.push_back(fmt::format("{} is set, but no option is called so; nearest is {}", name,
                                   config::nearest(name, known)));
  }
  return warnings;
}

}  // namespace hal::app
