// The version of the kit and of the services built with it.
#pragma once

#include <string_view>

namespace hal::app {

/// "major.minor.patch"; CMake reads the package's version here.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace hal::app
