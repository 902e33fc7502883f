#include <hal/collector/doctor/rules.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace hal::collector::doctor {
namespace {

using Kind = Ancestry::Kind;

/// Envoy writes at index 14 of a UUID why it samples the request; 4 means that it does not.
bool says_unsampled(std::string_view request_id) noexcept {
  constexpr std::size_t kUuidSize = 36;
  constexpr std::size_t kReason = 14;
  return request_id.size() == kUuidSize && request_id[kReason] == '4';
}

/// A call, and what all rules ask about it.
struct Call {
  const Mesh& mesh;
  const ProxySpan& outbound;
  Ancestry ancestry;
  /// Its inbound request, found by trace. It encloses the call: another one of the trace may be
  /// under way, and its spans with it.
  const ProxySpan* in_trace;
  const ProxySpan* by_request;  ///< its inbound request in another trace, found by request id
  bool ids_tell_sampling;
};

std::optional<Symptom> symptom(Cause cause, const Call& call, const ProxySpan* inbound) {
  return Symptom{.cause = cause, .outbound = &call.outbound, .inbound = inbound};
}

/// A root, while a request with the same id came in: the id was handed on, the context not.
std::optional<Symptom> no_context(const Call& call) {
  if (call.ancestry.kind != Kind::kBegins || call.by_request == nullptr) return std::nullopt;
  return symptom(Cause::kNoContext, call, call.by_request);
}

/// Below the application's own root, or below a span nobody sent, in another trace than the
/// request with the same id. Work behind the request may begin a trace, and a root that links to
/// another trace means to.
std::optional<Symptom> own_trace(const Call& call) {
  const bool own = call.ancestry.kind == Kind::kOwnRoot ||
                   (call.ancestry.kind == Kind::kOrphan && call.in_trace == nullptr);
  if (!own || call.by_request == nullptr || !call.by_request->encloses(call.outbound) ||
      !call.ancestry.top->links.empty()) {
    return std::nullopt;
  }
  return symptom(Cause::kOwnTrace, call, call.by_request);
}

/// True when a proxy before the application already had this parent: the context is as old as that.
bool is_parent_of_request(const Call& call, const SpanId& parent) {
  return std::ranges::any_of(call.mesh.proxies(call.outbound.trace), [&](const ProxySpan& proxy) {
    return proxy.role != Role::kOutbound && proxy.span->parent_id == parent;
  });
}

std::optional<Symptom> stale_context(const Call& call) {
  const auto kind = call.ancestry.kind;
  // Work behind a request may have been handed over outside of the mesh.
  const bool during = call.by_request != nullptr && call.by_request->encloses(call.outbound);
  const ProxySpan* other = during ? call.by_request : nullptr;
  const ProxySpan* inbound = call.in_trace != nullptr ? call.in_trace : other;
  if (kind == Kind::kPassesBy && inbound != nullptr) {
    return symptom(Cause::kStaleContext, call, inbound);
  }
  if (kind == Kind::kOrphan && call.in_trace != nullptr &&
      is_parent_of_request(call, call.ancestry.top->parent_id)) {
    return symptom(Cause::kStaleContext, call, call.in_trace);
  }
  // The context of one request with the id of another, during the other: kept from the first.
  if (kind == Kind::kContinues && other != nullptr &&
      call.outbound.request_id != call.ancestry.inbound->request_id) {
    return symptom(Cause::kStaleContext, call, other);
  }
  return std::nullopt;
}

/// Envoy before 1.40 reads `b3` first and never renews it: the proxy on the other side then has
/// the same parent as the call itself.
bool is_passed_on(const Call& call) {
  const auto& outbound = call.outbound;
  if (outbound.span->is_root() || provider_of(*outbound.span) == Provider::kOpenTelemetry) {
    return false;
  }
  const auto proxies = call.mesh.proxies(outbound.trace);
  return std::ranges::any_of(proxies, [&](const ProxySpan& next) {
    return next.role == Role::kInbound && next.node != outbound.node &&
           next.span->span_id != outbound.span->span_id &&  // else two sides of one shared span
           next.span->parent_id == outbound.span->parent_id && outbound.encloses(next);
  });
}

std::optional<Symptom> stale_b3(const Call& call) {
  if (!is_passed_on(call)) return std::nullopt;
  if (call.outbound.role == Role::kEdge) return symptom(Cause::kStaleEntry, call, nullptr);
  return symptom(Cause::kStaleContext, call, call.in_trace);
}

/// Below a span nobody sent, beside its inbound request: the application made a span of it.
std::optional<Symptom> spans_not_exported(const Call& call) {
  if (call.ancestry.kind != Kind::kOrphan || call.in_trace == nullptr) return std::nullopt;
  return symptom(Cause::kSpansNotExported, call, call.in_trace);
}

/// The request id says that nothing of this request is sampled, nothing before the call is there,
/// and yet the call is: its application turned sampling on.
std::optional<Symptom> sampling_changed(const Call& call) {
  if (call.ancestry.kind != Kind::kOrphan || !call.ids_tell_sampling ||
      call.mesh.inbound_in_trace(call.outbound) != nullptr ||
      !says_unsampled(call.outbound.request_id)) {
    return std::nullopt;
  }
  return symptom(Cause::kSamplingChanged, call, nullptr);
}

std::optional<Symptom> request_id_changed(const Call& call) {
  if (call.ancestry.kind != Kind::kContinues) return std::nullopt;
  const auto& came_in = call.ancestry.inbound->request_id;
  if (came_in.empty() || call.outbound.request_id.empty() || came_in == call.outbound.request_id) {
    return std::nullopt;
  }
  return symptom(Cause::kRequestIdChanged, call, call.ancestry.inbound);
}

/// The first that applies is the symptom: a stale context explains a missing parent, and so on.
constexpr std::array kRules{no_context,         own_trace,        stale_context,     stale_b3,
                            spans_not_exported, sampling_changed, request_id_changed};

/// False where requests are sampled though their ids say no: a client's header decides, or the mesh
/// does not sample by request id.
bool ids_tell_sampling(const Mesh& mesh) {
  for (std::size_t i = 0; i < mesh.traces().size(); ++i) {
    const auto proxies = mesh.proxies(i);
    if (proxies.empty()) continue;
    const auto first = std::ranges::min_element(
        proxies, {}, [](const ProxySpan& proxy) { return proxy.span->start_unix_ns; });
    if (first->role != Role::kOutbound && says_unsampled(first->request_id)) return false;
  }
  return true;
}

bool is_unconnected(const Call& call) {
  return call.by_request == nullptr &&
         (call.ancestry.kind == Kind::kBegins || call.ancestry.kind == Kind::kOwnRoot);
}

}  // namespace

Symptoms find_symptoms(const Mesh& mesh) {
  Symptoms symptoms;
  const bool ids_tell = ids_tell_sampling(mesh);
  for (const ProxySpan& proxy : mesh.proxies()) {
    if (proxy.role == Role::kInbound) continue;
    Call call{.mesh = mesh,
              .outbound = proxy,
              .ancestry = trace_back(mesh, proxy),
              .in_trace = mesh.inbound_in_trace(proxy),
              .by_request = mesh.inbound_of_request(proxy),
              .ids_tell_sampling = ids_tell};
    if (call.in_trace != nullptr && !call.in_trace->encloses(proxy)) call.in_trace = nullptr;
    if (call.by_request != nullptr && call.by_request->trace == proxy.trace) {
      call.by_request = nullptr;
    }
    if (call.ancestry.inbound != nullptr) {
      symptoms.continued.emplace_back(&proxy, call.ancestry.inbound);
    }
    std::optional<Symptom> found;
    if (proxy.role == Role::kEdge) {
      found = stale_b3(call);
    } else {
      for (const auto& rule : kRules) {
        if (!found) found = rule(call);
      }
    }
    if (found) {
      found->is_b3 = found->cause == Cause::kStaleContext && is_passed_on(call);
      symptoms.found.push_back(*found);
    } else if (proxy.role == Role::kOutbound && is_unconnected(call)) {
      const bool begins = call.ancestry.kind == Kind::kBegins;
      symptoms.unconnected.push_back(
          {.cause = begins ? Cause::kNoContext : Cause::kOwnTrace, .outbound = &proxy});
    }
  }
  return symptoms;
}

}  // namespace hal::collector::doctor
