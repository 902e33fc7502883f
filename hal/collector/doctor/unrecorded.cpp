#include <hal/collector/doctor/unrecorded.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace hal::collector::doctor {
namespace {

/// Calls of one service by one name.
struct Group {
  std::vector<Symptom> unrecorded{};
  const ProxySpan* recorded = nullptr;  ///< one of them
  std::size_t recorded_count = 0;
  bool changes_request_id = false;
};

using Key = std::pair<std::string_view, std::string_view>;  // sidecar's service, span's name
using Groups = std::map<Key, Group>;

bool is_call(const Span& span) {
  return span.kind == SpanKind::kClient && span.status != SpanStatus::kError && !is_proxy(span) &&
         std::ranges::any_of(kCallTags, [&](std::string_view tag) {
           return find_attribute(span.attributes, tag) != nullptr;
         });
}

/// A proxy's span with a parent that is not there: it may be the one of a call.
bool has_gaps(const Mesh& mesh, std::size_t trace) {
  return std::ranges::any_of(mesh.proxies(trace), [&](const ProxySpan& proxy) {
    return proxy.role == Role::kInbound && !proxy.span->is_root() &&
           mesh.parent(trace, *proxy.span) == nullptr;
  });
}

/// The sidecar's inbound request that the span is below; null when it is below none.
const ProxySpan* request_of(const Mesh& mesh, std::size_t trace, const Span& span) {
  const Span* at = &span;
  for (std::size_t steps = mesh.traces()[trace].spans.size(); steps > 0; --steps) {
    at = mesh.parent(trace, *at);
    if (at == nullptr) return nullptr;
    if (!is_proxy(*at)) continue;
    const ProxySpan* proxy = mesh.proxy(*at);
    return proxy != nullptr && proxy->role == Role::kInbound ? proxy : nullptr;
  }
  return nullptr;
}

void add_trace(const Mesh& mesh, std::size_t trace, const std::set<const ProxySpan*>& changed,
               Groups& groups) {
  std::map<SpanId, const ProxySpan*> calls_below;
  std::set<SpanId> parents;
  for (const Span& span : mesh.traces()[trace].spans) {
    if (!span.is_root()) parents.insert(span.parent_id);
  }
  for (const ProxySpan& proxy : mesh.proxies(trace)) {
    if (proxy.role == Role::kOutbound) calls_below.emplace(proxy.span->parent_id, &proxy);
  }
  for (const Span& span : mesh.traces()[trace].spans) {
    if (!is_call(span)) continue;
    const ProxySpan* request = request_of(mesh, trace, span);
    if (request == nullptr) continue;
    Group& group = groups[{request->span->service(), span.name}];
    if (const auto found = calls_below.find(span.span_id); found != calls_below.end()) {
      group.recorded = found->second;
      ++group.recorded_count;
      group.changes_request_id |= changed.contains(found->second);
    } else if (!parents.contains(span.span_id)) {
      group.unrecorded.push_back(
          {.cause = Cause::kSamplingChanged, .inbound = request, .own_call = &span});
    }
  }
}

bool are_enough(const Group& group) {
  constexpr std::size_t kShare = 20;  // one in 20
  return group.unrecorded.size() * kShare >= group.unrecorded.size() + group.recorded_count;
}

}  // namespace

Unrecorded find_unrecorded(const Mesh& mesh, const Symptoms& symptoms) {
  std::set<const ProxySpan*> changed;
  for (const Symptom& symptom : symptoms.found) {
    if (symptom.cause == Cause::kRequestIdChanged) changed.insert(symptom.outbound);
  }
  Groups groups;
  for (std::size_t trace = 0; trace < mesh.traces().size(); ++trace) {
    if (!has_gaps(mesh, trace)) add_trace(mesh, trace, changed, groups);
  }
  Unrecorded result;
  for (auto& [key, group] : groups) {
    if (group.unrecorded.empty() || group.changes_request_id || !are_enough(group)) continue;
    if (group.recorded == nullptr) {
      result.doubts.push_back({.kind = Doubt::Kind::kUnrecorded,
                               .service = std::string{key.first},
                               .upstream = std::string{key.second},
                               .calls = group.unrecorded.size()});
      continue;
    }
    for (Symptom& symptom : group.unrecorded) {
      symptom.outbound = group.recorded;
      result.found.push_back(symptom);
    }
  }
  return result;
}

}  // namespace hal::collector::doctor
