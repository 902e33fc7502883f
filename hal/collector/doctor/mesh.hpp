// The spans of a mesh's proxies (Envoy), found in traces and made easy to ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <hal/collector/span.hpp>

namespace hal::collector::doctor {

/// What Envoy's spans know of a request, by the tags that every one of its tracers sets.
inline constexpr std::string_view kComponentTag = "component";  // "proxy"
inline constexpr std::string_view kNodeTag = "node_id";
inline constexpr std::string_view kRequestIdTag = "guid:x-request-id";
inline constexpr std::string_view kClusterTag = "upstream_cluster";

enum class Role : std::uint8_t {
  kInbound,   ///< a sidecar hands a request to its application
  kOutbound,  ///< a sidecar carries a call of its application
  kEdge,      ///< a gateway takes a request in
};

/// A proxy's span of a request that it received. What it adds for each attempt upstream (a gateway
/// does) is none of them.
struct ProxySpan {
  const Span* span = nullptr;
  std::size_t trace = 0;  ///< index into the traces
  Role role = Role::kInbound;
  std::string_view node{};        ///< one Envoy: its node_id, else its service
  std::string_view request_id{};  ///< x-request-id; empty: none
  std::string_view cluster{};     ///< "outbound|8080||greeter.default.svc.cluster.local"

  /// Nothing of `other` is outside of it. Spans of two Envoys may have two clocks.
  [[nodiscard]] bool encloses(const ProxySpan& other) const noexcept;
};

/// True for every span that a proxy reported.
[[nodiscard]] bool is_proxy(const Span& span) noexcept;

/// The text of an attribute; empty when there is none, or no text.
[[nodiscard]] std::string_view text_of(const Span& span, std::string_view key) noexcept;

/// Who a cluster of Istio's stands for: "greeter.default" of
/// "outbound|8080||greeter.default.svc.cluster.local"; any other name as it is. Points into it.
[[nodiscard]] std::string_view upstream_of(std::string_view cluster) noexcept;

/// An index over traces, which must outlive it and stay as they are. Immutable: thread-safe.
class Mesh {
 public:
  explicit Mesh(std::span<const Trace> traces);

  [[nodiscard]] std::span<const Trace> traces() const noexcept { return traces_; }
  /// Of all traces, trace by trace.
  [[nodiscard]] std::span<const ProxySpan> proxies() const noexcept { return proxies_; }
  [[nodiscard]] std::span<const ProxySpan> proxies(std::size_t trace) const noexcept;
  /// Null for a span that is none of proxies().
  [[nodiscard]] const ProxySpan* proxy(const Span& span) const noexcept;

  /// The span's parent in its trace; null when it has none or nobody sent it. Where two spans
  /// share the id (Zipkin's shared spans) the one of the same service.
  [[nodiscard]] const Span* parent(std::size_t trace, const Span& span) const noexcept;

  /// The inbound request that an outbound call most likely belongs to: one of the same Envoy in the
  /// same trace; one with the same request id in any trace. Of several the one whose request id
  /// fits, then the one that encloses the call, then the first. Null when there is none.
  [[nodiscard]] const ProxySpan* inbound_in_trace(const ProxySpan& outbound) const noexcept;
  [[nodiscard]] const ProxySpan* inbound_of_request(const ProxySpan& outbound) const noexcept;

  /// Inbound requests of one Envoy, by start.
  [[nodiscard]] std::span<const ProxySpan* const> inbounds(std::string_view node) const noexcept;

 private:
  using Spans = std::vector<const ProxySpan*>;
  void add_trace(std::size_t index);
  void index_inbounds();

  std::span<const Trace> traces_;
  std::vector<ProxySpan> proxies_;
  std::vector<std::size_t> first_proxy_;  ///< of each trace, and the end of the last one
  std::vector<std::vector<std::pair<SpanId, const Span*>>> by_id_;  ///< of each trace, sorted
  std::unordered_map<const Span*, std::size_t> proxy_of_;
  std::map<std::string_view, Spans> inbounds_;
  std::map<std::pair<std::string_view, std::string_view>, Spans> by_request_;  ///< node, request id
};

}  // namespace hal::collector::doctor
