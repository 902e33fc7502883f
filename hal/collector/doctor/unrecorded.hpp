// Calls that an application made spans of, and its sidecar none.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include <hal/collector/doctor/finding.hpp>
#include <hal/collector/doctor/rules.hpp>

namespace hal::collector::doctor {

/// Tags of the spans of calls, in new and old semantic conventions.
inline constexpr std::array<std::string_view, 4> kCallTags{"http.request.method", "http.method",
                                                           "rpc.system.name", "rpc.system"};

struct Unrecorded {
  std::vector<Symptom> found{};  ///< kSamplingChanged, with `own_call`
  std::vector<Doubt> doubts{};
};

/// Looks at CLIENT spans of HTTP and RPC calls that did not fail, below a recorded request of their
/// sidecar. Where it recorded some calls of a service by one name and some not, those went out as
/// not sampled. Where it recorded none they may as well have passed it by: a doubt. Sidecars lose
/// spans, too: fewer than 5 % are not counted, nor traces with other gaps. Calls by names whose
/// request ids change are left to that cause.
[[nodiscard]] Unrecorded find_unrecorded(const Mesh& mesh, const Symptoms& symptoms);

}  // namespace hal::collector::doctor
