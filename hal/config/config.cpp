#include <hal/config/config.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace hal::config {

std::vector<std::string> flags_of(std::span<const Setting> settings) {
  std::vector<std::string> flags;
  for (const Setting& setting : settings) flags.push_back(setting.flag);
  return flags;
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

}  // namespace hal::config
