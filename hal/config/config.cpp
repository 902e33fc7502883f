#include <hal/config/config.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace hal::config {
namespace {

/// Set by Kubernetes for each Service of the namespace ("enableServiceLinks").
bool is_service_link(std::string_view name, std::string_view value) {
  return name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
         name.contains("_SERVICE_PORT_") || name.contains("_TCP") || name.contains("_UDP") ||
         value.starts_with("tcp://") || value.starts_with("udp://");
}

}  // namespace

std::vector<std::string> flags_of(std::span<const Setting> settings) {
  std::vector<std::string> flags;
  for (const Setting& setting : settings) flags.push_back(setting.flag);
  return flags;
}

std::vector<std::string> variables_of(std::span<const Setting> settings) {
  std::vector<std::string> names;
  for (const Setting& setting : settings) {
    names.push_back(setting.name);
    names.insert(names.end(), setting.aliases.begin(), setting.aliases.end());
  }
  return names;
}

std::vector<std::string> unknown_variables(const Environment& environment,
                                           std::span<const Setting> settings,
                                           std::string_view prefix) {
  const auto known = variables_of(settings);
  std::vector<std::string> unknown;
  for (const auto& [name, value] : environment.variables()) {
    if (name.starts_with(prefix) && std::ranges::find(known, name) == known.end() &&
        !is_service_link(name, value)) {
      unknown.push_back(name);
    }
  }
  return unknown;
}

std::string to_text(std::span<const Setting> settings) {
  std::size_t width = 0;
  for (const Setting& setting : settings) {
    width = std::max(width, setting.name.size() + 1 + setting.value.size());
  }
  std::string text;
  for (const Setting& setting : settings) {
    const std::string assignment = setting.name + '=' + setting.value;
    text += fmt::format("{:<{}}  # {}{}{}\n", assignment, width, setting.source,
                        setting.help.empty() ? "" : "; ", setting.help);
  }
  return text;
}

std::string to_help(std::span<const Setting> settings) {
  std::string text;
  for (const Setting& setting : settings) {
    text += fmt::format("  --{}, {}", setting.flag, setting.name);
    for (const std::string& alias : setting.aliases) text += fmt::format(", {}", alias);
    if (!setting.value.empty()) text += fmt::format(" [{}]", setting.value);
    text += setting.help.empty() ? "\n" : fmt::format("\n      {}\n", setting.help);
  }
  return text;
}

}  // namespace hal::config
