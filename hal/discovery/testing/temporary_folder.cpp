#include <hal/discovery/testing/temporary_folder.hpp>

#include <hal/base/contract.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hal::discovery::testing {

TemporaryFolder::TemporaryFolder()
    : path_{(std::filesystem::temp_directory_path() / "hal9000-test-XXXXXX").string()} {
  expects(::mkdtemp(path_.data()) != nullptr, "the test can make a temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

LocalDirectory TemporaryFolder::open() const {
  auto directory = LocalDirectory::open(path_);
  expects(directory.has_value(), "a temporary folder can be a registry");
  return std::move(*directory);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{path_}) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

void TemporaryFolder::write(std::string_view name, std::string_view content) const {
  std::ofstream{path(name), std::ios::binary} << content;
}

}  // namespace hal::discovery::testing
