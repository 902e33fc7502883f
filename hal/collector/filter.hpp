// Which traces a search wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <hal/collector/span.hpp>

namespace hal::collector {

/// A trace is wanted when one of its spans meets every condition that is set, as in Jaeger.
/// Times are unix nanoseconds, both ends included.
struct TraceFilter {
  std::optional<std::string> service{};
  std::optional<std::string> operation{};
  /// Each must be an attribute of the span, of one of its events or of its resource, with this
  /// value as to_text() writes it; or span.kind, error ("true"), otel.status_code ("OK", "ERROR").
  std::vector<std::pair<std::string, std::string>> tags{};
  std::optional<std::uint64_t> duration_min_ns{};
  std::optional<std::uint64_t> duration_max_ns{};
  std::optional<std::uint64_t> start_min_unix_ns{};  ///< of the span's start
  std::optional<std::uint64_t> start_max_unix_ns{};

  /// Thread-safe.
  [[nodiscard]] bool matches(const Span& span) const;
  [[nodiscard]] bool matches(const std::vector<Span>& spans) const;
};

}  // namespace hal::collector
