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

/// The name that `text` begins with.
std::string_view variable_at(std::string_view text) {
  const auto end = std::ranges::find_if_not(
      text, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

/// As Fields names it in errors; empty for a default.
std::string label_of(const Setting& setting) {
  const auto space = setting.source.find(' ');
  if (space == std::string::npos) return "";
  std::string place = setting.source.substr(space + 1);
  return setting.source.starts_with("file ") ? fmt::format("{}: {}", place, setting.name) : place;
}

/// Aliases may be those of several options: one that was read by this very name goes first.
std::string label_of(std::string_view variable, std::span<const Setting> settings) {
  std::string label;
  for (const Setting& setting : settings) {
    const bool alias = std::ranges::find(setting.aliases, variable) != setting.aliases.end();
    if (setting.name != variable && !alias) continue;
    auto found = label_of(setting);
    if (found == variable) return found;
    if (label.empty()) label = std::move(found);
  }
  return label.empty() ? std::string{variable} : label;
}

}  // namespace

Status name_sources(const Status& failure, std::span<const Setting> settings) {
  std::string text;
  std::string_view rest = failure.message();
  for (bool begins = true; !rest.empty();) {
    const auto variable = variable_at(rest);
    const bool named = begins || rest.substr(variable.size()).starts_with('=');
    text += named ? label_of(variable, settings) : std::string{variable};
    rest.remove_prefix(variable.size());
    const auto next = std::min(rest.find("; "), rest.find(", "));
    const auto piece = rest.substr(0, next == rest.npos ? next : next + 2);
    begins = piece.ends_with("; ");
    text += piece;
    rest.remove_prefix(piece.size());
  }
  return {failure.code(), std::move(text)};
}

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
