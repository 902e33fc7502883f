#include <hal/app/settings.hpp>

#include <algorithm>
#include <iterator>

namespace hal::app {

Result<> Settings::add(const config::Source& source, ReadSettings read) {
  std::vector<config::Setting> settings;
  auto result = read(source, &settings);
  const std::lock_guard lock{mutex_};
  std::ranges::move(settings, std::back_inserter(settings_));
  readers_.push_back(std::move(read));
  return result;
}

std::vector<config::Setting> Settings::all() const {
  const std::lock_guard lock{mutex_};
  return settings_;
}

Result<std::vector<config::Setting>> Settings::read_again(const config::Source& source) const {
  std::vector<ReadSettings> readers;
  {
    const std::lock_guard lock{mutex_};
    readers = readers_;
  }
  std::vector<config::Setting> settings;
  std::string problems;
  for (const auto& read : readers) {
    if (auto done = read(source, &settings); !done) {
      if (!problems.empty()) problems += "; ";
      problems += done.error().message();
    }
  }
  if (!problems.empty()) return error(Code::kInvalidArgument, std::move(problems));
  if (auto known = source.file.check_known(config::variables_of(settings)); !known) {
    return error(std::move(known.error()));
  }
  return settings;
}

std::vector<Change> Settings::changes(std::span<const config::Setting> now) const {
  std::vector<Change> changes;
  const std::lock_guard lock{mutex_};
  for (const auto& after : now) {
    const auto before = std::ranges::find(settings_, after.name, &config::Setting::name);
    if (before != settings_.end() && before->value != after.value) {
      changes.push_back({*before, after});
    }
  }
  return changes;
}

void Settings::replace(const config::Setting& setting) {
  const std::lock_guard lock{mutex_};
  const auto former = std::ranges::find(settings_, setting.name, &config::Setting::name);
  if (former != settings_.end()) *former = setting;
}

}  // namespace hal::app
