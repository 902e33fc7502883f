// What an outbound call tells about the application that made it.
#pragma once

#include <utility>
#include <vector>

#include <hal/collector/doctor/ancestry.hpp>
#include <hal/collector/doctor/finding.hpp>

namespace hal::collector::doctor {

/// One call that went wrong. Points into a Mesh.
struct Symptom {
  Cause cause = Cause::kNoContext;
  const ProxySpan* outbound = nullptr;  ///< of kStaleEntry: the gateway's span
  const ProxySpan* inbound = nullptr;   ///< the request it belongs to; null: unknown
  bool by_time_alone = false;
  bool is_b3 = false;
  /// The application's own span of a call that its sidecar did not record; `outbound` is then
  /// another call of the same kind that it did.
  const Span* own_call = nullptr;

  /// The span of the call itself.
  [[nodiscard]] const Span& call() const noexcept {
    return own_call != nullptr ? *own_call : *outbound->span;
  }
};

struct Symptoms {
  std::vector<Symptom> found{};
  /// Calls that begin a trace, and no id connects them with a request. Jobs of the application's
  /// own do, too: by_time.hpp tells them apart. `inbound` is null.
  std::vector<Symptom> unconnected{};
  /// Calls that continue an inbound request of their sidecar, with that request.
  std::vector<std::pair<const ProxySpan*, const ProxySpan*>> continued{};
};

/// Judges every proxy's span of the mesh; at most one symptom for each.
[[nodiscard]] Symptoms find_symptoms(const Mesh& mesh);

}  // namespace hal::collector::doctor
