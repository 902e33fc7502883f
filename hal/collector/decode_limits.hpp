// Limits of the decoders, whatever the format.
#pragma once

#include <cstddef>

namespace hal::collector {

/// What one request may ask the collector to keep. The size of the body is the server's limit.
struct DecodeLimits {
  /// More is refused: exporters send batches of 512, and 64 MiB could hold 30 million empty spans.
  std::size_t spans_max = 100'000;
  /// More are dropped and counted in the span, as OpenTelemetry's SDKs do (they keep 128).
  std::size_t attributes_max = 256;
  std::size_t events_max = 256;
  std::size_t links_max = 256;
  /// Longer texts are cut at a character's end and counted in Span::truncated_values.
  std::size_t text_bytes_max = 32 * 1024;
  /// The name and the version of an instrumentation scope, cut likewise: names of libraries.
  std::size_t scope_bytes_max = 256;
};

}  // namespace hal::collector
