// How the refusal of a variable's value reads.
#pragma once

#include <hal/base/status.hpp>

#include <string_view>

#include <fmt/format.h>

namespace hal::app {

/// "VARIABLE='value': rule".
[[nodiscard]] inline std::unexpected<Status> refused(std::string_view variable,
                                                     std::string_view value,
                                                     std::string_view rule) {
  return error(Code::kInvalidArgument, fmt::format("{}='{}': {}", variable, value, rule));
}

}  // namespace hal::app
