#include <hal/collector/doctor/diagnose.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <hal/collector/doctor/by_time.hpp>
#include <hal/collector/doctor/unrecorded.hpp>

namespace hal::collector::doctor {
namespace {

bool is_arriving(const Trace& trace, const DoctorOptions& options) {
  const auto settle = static_cast<std::uint64_t>(options.settle.count());
  return trace.end_unix_ns() + settle > options.now_unix_ns;
}

/// Of the trace that the options ask for; empty when they ask for none.
std::set<std::string, std::less<>> wanted_request_ids(const std::vector<Trace>& traces,
                                                      const DoctorOptions& options) {
  std::set<std::string, std::less<>> ids;
  for (const Trace& trace : traces) {
    if (trace.id != options.only) continue;
    for (const Span& span : trace.spans) ids.emplace(text_of(span, kRequestIdTag));
  }
  ids.erase("");
  return ids;
}

/// Takes out what cannot be judged, and counts it. The trace asked for stays, and so do the halves
/// that have its request id: it is judged at once.
void remove_unsettled(std::vector<Trace>& traces, const DoctorOptions& options,
                      Diagnosis& diagnosis) {
  const auto wanted_ids = wanted_request_ids(traces, options);
  const auto is_wanted = [&](const Trace& trace) {
    return trace.id == options.only || std::ranges::any_of(trace.spans, [&](const Span& span) {
             return wanted_ids.contains(text_of(span, kRequestIdTag));
           });
  };
  std::erase_if(traces, [&](const Trace& trace) {
    const bool too_large = trace.spans.size() > options.spans_per_trace_max;
    const bool arriving = !too_large && is_arriving(trace, options) && !is_wanted(trace);
    diagnosis.too_large += too_large ? 1 : 0;
    diagnosis.arriving += arriving ? 1 : 0;
    return too_large || arriving;
  });
  diagnosis.traces = traces.size();
}

using Hop = std::pair<std::string_view, std::string_view>;  // service, upstream

Hop hop_of(const ProxySpan& call) { return {call.span->service(), upstream_of(call.cluster)}; }

bool keeps_request_id(const Symptom& symptom) {
  return symptom.inbound != nullptr && symptom.own_call == nullptr &&
         !symptom.outbound->request_id.empty() &&
         symptom.inbound->request_id == symptom.outbound->request_id;
}

/// Symptoms with one key are one finding.
using Key = std::tuple<Cause, Hop, bool, bool, bool>;

Key key_of(const Symptom& symptom) {
  return {symptom.cause, hop_of(*symptom.outbound), keeps_request_id(symptom),
          symptom.by_time_alone, symptom.own_call != nullptr};
}

/// What all findings are measured against.
struct Totals {
  explicit Totals(const Mesh& mesh, const Symptoms& symptoms) {
    std::set<const ProxySpan*> with_call;
    for (const auto& [outbound, inbound] : symptoms.continued) with_call.insert(inbound);
    for (const Symptom& symptom : symptoms.found) {
      if (symptom.own_call != nullptr) ++calls[hop_of(*symptom.outbound)];
    }
    for (const ProxySpan& proxy : mesh.proxies()) {
      services.insert(proxy.span->service());
      if (proxy.role != Role::kInbound) {
        ++calls[hop_of(proxy)];
        continue;
      }
      auto& [all, without_call] = requests[proxy.span->service()];
      ++all;
      if (!with_call.contains(&proxy)) ++without_call;
    }
  }

  std::set<std::string_view> services;
  std::map<Hop, std::size_t> calls;
  std::map<std::string_view, std::pair<std::size_t, std::size_t>> requests;
};

Evidence evidence_of(const Symptom& symptom) {
  const ProxySpan& outbound = *symptom.outbound;
  const Span& call = symptom.call();
  Evidence evidence{.outbound_trace = call.trace_id,
                    .outbound_span = call.span_id,
                    .outbound_parent = call.parent_id,
                    .upstream_cluster = std::string{outbound.cluster}};
  if (symptom.own_call == nullptr) {
    evidence.outbound_request_id = outbound.request_id;
    evidence.node_id = outbound.node;
  } else {
    evidence.node_id = symptom.inbound->node;
  }
  if (symptom.inbound != nullptr) {
    evidence.inbound_trace = symptom.inbound->span->trace_id;
    evidence.inbound_span = symptom.inbound->span->span_id;
    evidence.inbound_request_id = symptom.inbound->request_id;
  }
  return evidence;
}

bool is_seen_in(const Symptom& symptom, const TraceId& id) {
  return symptom.call().trace_id == id ||
         (symptom.inbound != nullptr && symptom.inbound->span->trace_id == id);
}

/// True when spans of the service's application itself arrive, below its sidecar's.
bool has_own_spans(const Mesh& mesh, std::string_view service) {
  for (std::size_t i = 0; i < mesh.traces().size(); ++i) {
    for (const Span& span : mesh.traces()[i].spans) {
      if (is_proxy(span)) continue;
      const Span* parent = mesh.parent(i, span);
      if (parent != nullptr && is_proxy(*parent) && parent->service() == service) return true;
    }
  }
  return false;
}

Finding make_finding(const Mesh& mesh, const Totals& totals, std::vector<Symptom>& symptoms,
                     const DoctorOptions& options) {
  const ProxySpan& call = *symptoms.front().outbound;
  const auto service = call.span->service();
  Finding finding{.cause = symptoms.front().cause,
                  .service = std::string{service},
                  .upstream = std::string{upstream_of(call.cluster)},
                  .provider = provider_of(*call.span),
                  .request_id_kept = keeps_request_id(symptoms.front()),
                  .by_time_alone = symptoms.front().by_time_alone,
                  .is_b3 = std::ranges::any_of(symptoms, &Symptom::is_b3),
                  .turned_on = symptoms.front().own_call == nullptr,
                  .calls = symptoms.size(),
                  .calls_seen = totals.calls.at(hop_of(call)),
                  .first_unix_ns = symptoms.front().call().start_unix_ns};
  if (finding.cause == Cause::kSpansNotExported) {
    finding.some_exported = has_own_spans(mesh, service);
  }
  if (finding.cause == Cause::kRequestIdChanged) {
    std::tie(finding.requests, finding.requests_without_call) = totals.requests.at(service);
  }
  std::ranges::sort(symptoms, std::ranges::greater{}, [&](const Symptom& symptom) {
    const bool wanted = options.only && is_seen_in(symptom, *options.only);
    return std::pair{wanted, symptom.call().start_unix_ns};
  });
  for (const Symptom& symptom : symptoms) {
    const auto start = symptom.call().start_unix_ns;
    finding.first_unix_ns = std::min(finding.first_unix_ns, start);
    finding.last_unix_ns = std::max(finding.last_unix_ns, start);
    if (finding.evidence.size() < options.evidence_max) {
      finding.evidence.push_back(evidence_of(symptom));
    }
  }
  return finding;
}

/// Nothing was found of the trace asked for, and spans that would show it may still come.
bool is_too_early(const std::vector<Trace>& traces, const DoctorOptions& options,
                  const Diagnosis& diagnosis) {
  if (!options.only || !diagnosis.findings.empty()) return false;
  return diagnosis.arriving > 0 || std::ranges::any_of(traces, [&](const Trace& trace) {
           return trace.id == options.only && is_arriving(trace, options);
         });
}

std::vector<Finding> make_findings(const Mesh& mesh, const Symptoms& symptoms, const Totals& totals,
                                   const DoctorOptions& options) {
  std::map<Key, std::vector<Symptom>> groups;
  for (const Symptom& symptom : symptoms.found) groups[key_of(symptom)].push_back(symptom);
  std::vector<Finding> findings;
  for (auto& [key, group] : groups) {
    const bool wanted = !options.only || std::ranges::any_of(group, [&](const Symptom& symptom) {
      return is_seen_in(symptom, *options.only);
    });
    if (wanted) findings.push_back(make_finding(mesh, totals, group, options));
  }
  std::ranges::sort(findings, {}, [](const Finding& finding) {
    return std::tuple{SIZE_MAX - finding.calls, finding.cause, std::string_view{finding.service},
                      std::string_view{finding.upstream}};
  });
  return findings;
}

}  // namespace

void keep_evidence(Trace& trace) {
  constexpr std::array kTags{kComponentTag, kNodeTag, kRequestIdTag, kClusterTag};
  for (Span& span : trace.spans) {
    span.trace_state = {};
    span.events = {};
    std::erase_if(span.attributes, [&](const Attribute& tag) {
      return std::ranges::find(kTags, tag.key) == kTags.end() &&
             std::ranges::find(kCallTags, tag.key) == kCallTags.end();
    });
    span.attributes.shrink_to_fit();
  }
}

Diagnosis diagnose(std::vector<Trace> traces, const DoctorOptions& options) {
  Diagnosis diagnosis;
  remove_unsettled(traces, options, diagnosis);
  const Mesh mesh{traces};
  Symptoms symptoms = find_symptoms(mesh);
  ByTime by_time = connect_by_time(mesh, symptoms);
  Unrecorded unrecorded = find_unrecorded(mesh, symptoms);
  symptoms.found.insert(symptoms.found.end(), by_time.found.begin(), by_time.found.end());
  symptoms.found.insert(symptoms.found.end(), unrecorded.found.begin(), unrecorded.found.end());
  const Totals totals{mesh, symptoms};
  diagnosis.services = totals.services.size();
  diagnosis.findings = make_findings(mesh, symptoms, totals, options);
  diagnosis.is_too_early = is_too_early(traces, options, diagnosis);
  if (!options.only) {
    diagnosis.doubts = std::move(by_time.doubts);
    diagnosis.doubts.insert(diagnosis.doubts.end(), unrecorded.doubts.begin(),
                            unrecorded.doubts.end());
  }
  for (const Trace& trace : traces) {
    const auto start = trace.start_unix_ns();
    if (diagnosis.first_unix_ns == 0 || start < diagnosis.first_unix_ns) {
      diagnosis.first_unix_ns = start;
    }
  }
  return diagnosis;
}

}  // namespace hal::collector::doctor
