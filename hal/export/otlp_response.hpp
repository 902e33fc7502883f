// What a collector says about a batch that it took.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hal::exporter {

/// OTLP's ExportTracePartialSuccess. A message without rejected spans is a warning.
struct PartialSuccess {
  std::uint64_t rejected_spans = 0;
  std::string message{};
};

/// From the body of a 2xx answer, an ExportTraceServiceResponse. Empty for an empty body, and for
/// one that cannot be read: the status has said that the spans were taken.
[[nodiscard]] PartialSuccess parse_partial_success(std::string_view body);

}  // namespace hal::exporter
