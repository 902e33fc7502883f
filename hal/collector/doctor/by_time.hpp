// Calls that begin a trace, and no id connects them with a request: do requests make them?
#pragma once

#include <vector>

#include <hal/collector/doctor/finding.hpp>
#include <hal/collector/doctor/rules.hpp>

namespace hal::collector::doctor {

struct ByTime {
  std::vector<Symptom> found{};  ///< `inbound` is the request that encloses the call
  std::vector<Doubt> doubts{};
};

/// Judges the unconnected calls of one service to one upstream together. They are requests' calls
/// - when more of them lie within requests of their Envoy than chance brings there, or
/// - when nearly all do, and there are about as many calls as requests; of an Envoy that always
///   serves some request only if nearly each call has a request of its own.
/// Only requests of at most 2 s that continue to this upstream in no trace count: a stream that
/// lasts for minutes encloses everything. A service whose calls are neither that nor clearly its
/// own (requests came in, none was ever continued) is a doubt.
[[nodiscard]] ByTime connect_by_time(const Mesh& mesh, const Symptoms& symptoms);

}  // namespace hal::collector::doctor
