#include <hal/collector/doctor/ancestry.hpp>

namespace hal::collector::doctor {

Ancestry trace_back(const Mesh& mesh, const ProxySpan& outbound) {
  using enum Ancestry::Kind;
  const Span* at = outbound.span;
  // Spans may be their own ancestors: no way up is longer than the trace.
  for (std::size_t steps = mesh.traces()[outbound.trace].spans.size(); steps > 0; --steps) {
    if (at->is_root()) return {at == outbound.span ? kBegins : kOwnRoot, nullptr, at};
    const Span* parent = mesh.parent(outbound.trace, *at);
    if (parent == nullptr) break;
    if (is_proxy(*parent)) {
      const ProxySpan* proxy = mesh.proxy(*parent);
      const bool own =
          proxy != nullptr && proxy->role == Role::kInbound && proxy->node == outbound.node;
      return {own ? kContinues : kPassesBy, own ? proxy : nullptr, at};
    }
    at = parent;
  }
  return {kOrphan, nullptr, at};
}

}  // namespace hal::collector::doctor
