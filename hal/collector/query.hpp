// The parameters of GET /api/traces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <hal/base/status.hpp>
#include <hal/collector/filter.hpp>

namespace hal::collector {

struct QueryLimits {
  std::size_t limit_default = 20;  ///< Jaeger's is 100; 20 is what its page asks for
  /// A whole store of small traces may be asked for: tests do.
  std::size_t limit_max = 100'000;
};

struct TraceQuery {
  /// Asked for by id (`traceID`, may repeat); the filter does not apply to them.
  std::vector<TraceId> ids{};
  TraceFilter filter{};
  std::size_t limit = 0;
};

/// Reads decoded query parameters as Jaeger's query API names them: service, operation, limit,
/// tags={"key":"value"}, tag=key:value (may repeat), start and end (unix microseconds), minDuration
/// and maxDuration (as in Go: 1.5s, 200ms, 1m30s), lookback (1h, 2d; counts back from end, else
/// from `now_unix_ns`; does nothing beside start), traceID. An empty value counts as absent,
/// unknown names are ignored; unlike in Jaeger the service may be left out. INVALID_ARGUMENT names
/// the parameter, what it is and what it must be. Thread-safe.
[[nodiscard]] Result<TraceQuery> parse_trace_query(
    std::span<const std::pair<std::string, std::string>> parameters, std::uint64_t now_unix_ns,
    const QueryLimits& limits = {});

}  // namespace hal::collector
