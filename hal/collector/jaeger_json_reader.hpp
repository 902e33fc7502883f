// Reads the JSON of Jaeger's query API: this collector's, Jaeger's own, Tempo's or Kiali's copy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <hal/base/status.hpp>
#include <hal/collector/span.hpp>

namespace hal::collector {

/// The traces of an answer to GET /api/traces or GET /api/traces/{id}, in its order; none for an
/// empty list. The reverse of traces_json(), in microseconds: the tags it makes of kind and status
/// become kind and status again. Ids may be 64 bits, tags, logs, references and processes missing;
/// a span of a process that is not listed is of "unknown_service"; warnings are kept in the trace.
/// An answer with errors gives their text: NOT_FOUND for 404, INVALID_ARGUMENT for other 4xx,
/// UNAVAILABLE else. Anything that is no such answer is INVALID_ARGUMENT and says what was found
/// where: "data[0].spans[2].spanID: ...". Thread-safe.
[[nodiscard]] Result<std::vector<Trace>> parse_traces(std::string_view json);

/// The names of an answer to GET /api/services, in its order; errors as those of parse_traces().
/// Thread-safe.
[[nodiscard]] Result<std::vector<std::string>> parse_names(std::string_view json);

}  // namespace hal::collector
