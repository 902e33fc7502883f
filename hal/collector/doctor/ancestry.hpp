// Where an outbound call hangs in its trace: what its application handed to the sidecar.
#pragma once

#include <cstdint>

#include <hal/collector/doctor/mesh.hpp>

namespace hal::collector::doctor {

struct Ancestry {
  enum class Kind : std::uint8_t {
    kContinues,  ///< below the inbound request of its own sidecar, as it must be
    kPassesBy,   ///< below another proxy's span, with none of its own sidecar's between
    kBegins,     ///< a root: no context came with the call
    kOwnRoot,    ///< below a root of the application
    kOrphan,     ///< below a span that nobody sent
  };
  Kind kind = Kind::kBegins;
  const ProxySpan* inbound = nullptr;  ///< of kContinues
  /// The highest span that was reached going up: the call itself, or its application's.
  const Span* top = nullptr;
};

/// Goes up from `outbound` to the first proxy's span, or as far as there are spans.
[[nodiscard]] Ancestry trace_back(const Mesh& mesh, const ProxySpan& outbound);

}  // namespace hal::collector::doctor
