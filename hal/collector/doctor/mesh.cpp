#include <hal/collector/doctor/mesh.hpp>

#include <algorithm>
#include <optional>

namespace hal::collector::doctor {
namespace {

/// Istio's names of clusters tell the direction. Elsewhere the kind of the span does, which says
/// the same as long as the proxy makes no span for each attempt upstream.
Role role_of(const Span& span, std::string_view node, std::string_view cluster) {
  if (cluster.starts_with("inbound|")) return Role::kInbound;
  if (node.starts_with("router~")) return Role::kEdge;
  if (cluster.starts_with("outbound|") || span.kind == SpanKind::kClient) return Role::kOutbound;
  return Role::kInbound;
}

std::optional<ProxySpan> proxy_span(const Span& span, std::size_t trace) {
  if (!is_proxy(span)) return std::nullopt;
  const auto node = text_of(span, kNodeTag);
  const auto request_id = text_of(span, kRequestIdTag);
  // A span of one attempt upstream has neither.
  if (node.empty() && request_id.empty()) return std::nullopt;
  const auto cluster = text_of(span, kClusterTag);
  return ProxySpan{.span = &span,
                   .trace = trace,
                   .role = role_of(span, node, cluster),
                   .node = node.empty() ? span.service() : node,
                   .request_id = request_id,
                   .cluster = cluster};
}

/// How well an inbound request fits a call: 2 for its request id, 1 for its time.
int fit(const ProxySpan& inbound, const ProxySpan& outbound) noexcept {
  const bool same_id = !inbound.request_id.empty() && inbound.request_id == outbound.request_id;
  return (same_id ? 2 : 0) + (inbound.encloses(outbound) ? 1 : 0);
}

}  // namespace

bool ProxySpan::encloses(const ProxySpan& other) const noexcept {
  // Jaeger's JSON cuts start and duration to microseconds.
  constexpr std::uint64_t kStartSlackNs = 2'000;
  // Envoy counts a span's duration from when it makes the span, which is after the start that it
  // reports: on a busy machine a request's span may end a millisecond too early.
  constexpr std::uint64_t kEndSlackNs = 1'000'000;
  return span->start_unix_ns <= other.span->start_unix_ns + kStartSlackNs &&
         other.span->end_unix_ns <= span->end_unix_ns + kEndSlackNs;
}

bool is_proxy(const Span& span) noexcept { return text_of(span, kComponentTag) == "proxy"; }

std::string_view text_of(const Span& span, std::string_view key) noexcept {
  const Value* value = find_attribute(span.attributes, key);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

std::string_view upstream_of(std::string_view cluster) noexcept {
  constexpr std::string_view kSuffix = ".svc.cluster.local";
  const auto bar = cluster.rfind('|');
  const bool has_host = bar != std::string_view::npos && bar + 1 < cluster.size();
  auto host = has_host ? cluster.substr(bar + 1) : cluster;
  if (host.ends_with(kSuffix)) host.remove_suffix(kSuffix.size());
  return host;
}

Mesh::Mesh(std::span<const Trace> traces) : traces_{traces} {
  for (std::size_t i = 0; i < traces.size(); ++i) add_trace(i);
  first_proxy_.push_back(proxies_.size());
  index_inbounds();
}

void Mesh::add_trace(std::size_t index) {
  first_proxy_.push_back(proxies_.size());
  auto& ids = by_id_.emplace_back();
  for (const Span& span : traces_[index].spans) {
    ids.emplace_back(span.span_id, &span);
    if (const auto found = proxy_span(span, index)) {
      proxy_of_.emplace(&span, proxies_.size());
      proxies_.push_back(*found);
    }
  }
  std::ranges::sort(ids, {}, [](const auto& entry) { return entry.first; });
}

void Mesh::index_inbounds() {
  const auto by_start = [](const ProxySpan* proxy) { return proxy->span->start_unix_ns; };
  for (const ProxySpan& proxy : proxies_) {
    if (proxy.role != Role::kInbound) continue;
    inbounds_[proxy.node].push_back(&proxy);
    if (!proxy.request_id.empty()) by_request_[{proxy.node, proxy.request_id}].push_back(&proxy);
  }
  for (auto& [node, spans] : inbounds_) std::ranges::sort(spans, {}, by_start);
  for (auto& [request, spans] : by_request_) std::ranges::sort(spans, {}, by_start);
}

std::span<const ProxySpan> Mesh::proxies(std::size_t trace) const noexcept {
  return std::span{proxies_}.subspan(first_proxy_[trace],
                                     first_proxy_[trace + 1] - first_proxy_[trace]);
}

const ProxySpan* Mesh::proxy(const Span& span) const noexcept {
  const auto found = proxy_of_.find(&span);
  return found == proxy_of_.end() ? nullptr : &proxies_[found->second];
}

const Span* Mesh::parent(std::size_t trace, const Span& span) const noexcept {
  if (span.is_root()) return nullptr;
  const auto found = std::ranges::equal_range(by_id_[trace], span.parent_id, {},
                                              [](const auto& entry) { return entry.first; });
  const Span* parent = nullptr;
  for (const auto& [id, candidate] : found) {
    if (candidate == &span) continue;  // a shared span's other half has the same parent, not itself
    if (parent == nullptr || candidate->service() == span.service()) parent = candidate;
  }
  return parent;
}

const ProxySpan* Mesh::inbound_in_trace(const ProxySpan& outbound) const noexcept {
  const ProxySpan* best = nullptr;
  for (const ProxySpan& inbound : proxies(outbound.trace)) {
    if (inbound.role != Role::kInbound || inbound.node != outbound.node) continue;
    if (best == nullptr || fit(inbound, outbound) > fit(*best, outbound)) best = &inbound;
  }
  return best;
}

const ProxySpan* Mesh::inbound_of_request(const ProxySpan& outbound) const noexcept {
  const auto found = by_request_.find({outbound.node, outbound.request_id});
  if (found == by_request_.end()) return nullptr;
  // Where a client sends one id with all requests, one that encloses the call began shortly before.
  constexpr std::ptrdiff_t kCandidatesMax = 1000;
  const auto& all = found->second;
  const auto end = std::ranges::upper_bound(
      all, outbound.span->start_unix_ns, {},
      [](const ProxySpan* inbound) { return inbound->span->start_unix_ns; });
  const std::span candidates{end - std::min(end - all.begin(), kCandidatesMax), end};
  if (candidates.empty()) return all.front();
  return *std::ranges::max_element(
      candidates, {}, [&](const ProxySpan* inbound) { return fit(*inbound, outbound); });
}

std::span<const ProxySpan* const> Mesh::inbounds(std::string_view node) const noexcept {
  const auto found = inbounds_.find(node);
  return found == inbounds_.end() ? std::span<const ProxySpan* const>{} : found->second;
}

}  // namespace hal::collector::doctor
