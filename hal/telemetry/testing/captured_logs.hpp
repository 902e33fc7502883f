// The process's log lines while this object lives.
#pragma once

#include <hal/telemetry/log.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hal::telemetry::testing {

/// Takes all lines from debug on. Thread-safe.
class CapturedLogs final : private log::Sink {
 public:
  explicit CapturedLogs(log::Format format = log::Format::kText, std::string service = {});

  /// Without their line ends, in the order of writing.
  [[nodiscard]] std::vector<std::string> lines() const;
  /// How many lines hold `text`.
  [[nodiscard]] std::size_t count(std::string_view text) const;

 private:
  void write(log::Level level, std::string_view line) noexcept override;

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  log::Setup setup_;
};

}  // namespace hal::telemetry::testing
