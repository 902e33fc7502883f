// Logs: `hal::log::info("hello {}", name);` One line each, with the ids of the current span.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include <hal/base/status.hpp>

namespace hal::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };
enum class Format : std::uint8_t { kText, kJson };  ///< kText is logfmt

/// "debug", "info", "warn", "error", "off". Static storage.
[[nodiscard]] std::string_view name(Level level) noexcept;
/// The opposite, without case, "warning" too; kInvalidArgument for any other text.
[[nodiscard]] Result<Level> parse_level(std::string_view text);
/// HAL_LOG_FORMAT: "json" or "text" (also "logfmt"), without case; else kInvalidArgument.
[[nodiscard]] Result<Format> parse_format(std::string_view text);

/// Takes finished lines, each with its '\n'. Called from any thread, several at once.
class Sink {
 public:
  virtual ~Sink() = default;
  /// The line is valid during the call. Must neither throw nor wait for the output.
  virtual void write(Level level, std::string_view line) noexcept = 0;
};

struct Options {
  Level level = Level::kInfo;
  Format format = Format::kText;
  std::string service{};  ///< written as service=... into each line, if not empty
  Sink* sink = nullptr;   ///< null: standard error, by the thread that logs
};

/// Sets up the one logger of the process, for as long as this object lives; the former one is back
/// afterwards. The logger is process-wide because libraries' callbacks and the threads of pools log
/// too; main makes it first and destroys it last. The destructor waits for lines under way: the
/// writer's thread reports what it dropped.
class Setup {
 public:
  explicit Setup(Options options);
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;
  ~Setup();

 private:
  Options options_;
  const Options* former_;
  Level former_level_;
  Format former_format_;
};

/// Thread-safe, at any time; Setup sets them first.
void set_level(Level level) noexcept;
void set_format(Format format) noexcept;

namespace detail {
inline constinit std::atomic<Level> current_level{Level::kInfo};
inline constinit std::atomic<Format> current_format{Format::kText};
void write(Level level, fmt::string_view format, fmt::format_args arguments) noexcept;
}  // namespace detail

[[nodiscard]] inline Level level() noexcept {
  return detail::current_level.load(std::memory_order_relaxed);
}
[[nodiscard]] inline bool enabled(Level wanted) noexcept { return wanted >= level(); }

/// Writes one line if the level is on; else nothing is formatted. Never throws, never waits for the
/// output: a line that a full buffer cannot take is dropped and counted (see log_writer.hpp).
/// Thread-safe. Control characters and line breaks of the message are escaped.
template <class... Args>
void write(Level wanted, fmt::format_string<const Args&...> format, const Args&... arguments) {
  if (!enabled(wanted)) return;
  detail::write(wanted, format, fmt::make_format_args(arguments...));
}
/// write() at the level of their names.
template <class... Args>
void debug(fmt::format_string<const Args&...> format, const Args&... arguments) {
  if (enabled(Level::kDebug))
    detail::write(Level::kDebug, format, fmt::make_format_args(arguments...));
}
template <class... Args>
void info(fmt::format_string<const Args&...> format, const Args&... arguments) {
  if (enabled(Level::kInfo))
    detail::write(Level::kInfo, format, fmt::make_format_args(arguments...));
}
template <class... Args>
void warn(fmt::format_string<const Args&...> format, const Args&... arguments) {
  if (enabled(Level::kWarn))
    detail::write(Level::kWarn, format, fmt::make_format_args(arguments...));
}
template <class... Args>
void error(fmt::format_string<const Args&...> format, const Args&... arguments) {
  if (enabled(Level::kError))
    detail::write(Level::kError, format, fmt::make_format_args(arguments...));
}

}  // namespace hal::log
