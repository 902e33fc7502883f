// Files of testdata/.
#pragma once

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace hal::discovery::testing {

/// The content of testdata/<name>; empty when there is no such file.
[[nodiscard]] inline std::string test_file(std::string_view name) {
  std::ifstream file{fmt::format("{}/{}", HAL_TESTDATA, name)};
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace hal::discovery::testing
