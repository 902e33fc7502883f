#include <hal/telemetry/testing/captured_logs.hpp>

#include <algorithm>

namespace hal::telemetry::testing {

CapturedLogs::CapturedLogs(log::Format format, std::string service)
    : setup_{{.level = log::Level::kDebug,
              .format = format,
              .service = std::move(service),
              .sink = this}} {}

std::vector<std::string> CapturedLogs::lines() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

std::size_t CapturedLogs::count(std::string_view text) const {
  const std::lock_guard lock{mutex_};
  return static_cast<std::size_t>(std::ranges::count_if(
      lines_, [text](const std::string& line) { return line.contains(text); }));
}

void CapturedLogs::write(log::Level, std::string_view line) noexcept {
  const std::lock_guard lock{mutex_};
  lines_.emplace_back(line.substr(0, line.size() - 1));
}

}  // namespace hal::telemetry::testing
