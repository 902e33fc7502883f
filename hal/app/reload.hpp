// Which options a running process takes over when its file is read again.
#pragma once

#include <hal/app/options.hpp>
#include <hal/telemetry/log.hpp>

#include <string_view>

namespace hal::app {

struct LogLines {
  log::Level level = log::Level::kInfo;
  log::Format format = log::Format::kText;
};

/// HAL_LOG_LEVEL and HAL_LOG_FORMAT; kInvalidArgument names the variable, its value and the rule.
[[nodiscard]] Result<LogLines> log_lines(const AppOptions& options);

/// By variable: the log's level and format, the sampler, the times of a drain. All others need a
/// restart.
[[nodiscard]] bool is_reloadable(std::string_view variable) noexcept;

}  // namespace hal::app
