#include <hal/wire/trace_choice.hpp>

#include <algorithm>

namespace hal::wire {
namespace {

using Candidates = std::span<const ContextCandidate>;

bool is_b3(const ContextCandidate& candidate) noexcept {
  return candidate.source == ContextSource::kB3Multi ||
         candidate.source == ContextSource::kB3Single;
}

const ContextCandidate* find(Candidates candidates, ContextSource source) noexcept {
  const auto found = std::ranges::find(candidates, source, &ContextCandidate::source);
  return found == candidates.end() ? nullptr : &*found;
}

bool same_trace(const ContextCandidate& a, const ContextCandidate& b) noexcept {
  return a.context.trace_id == b.context.trace_id;
}

bool same_span(const ContextCandidate& a, const ContextCandidate& b) noexcept {
  return same_trace(a, b) && a.context.span_id == b.context.span_id;
}

bool is_child_of(const ContextCandidate& child, const ContextCandidate& parent) noexcept {
  return same_trace(child, parent) && child.parent.valid() &&
         child.parent == parent.context.span_id && !same_span(child, parent);
}

/// The end of a chain of parents among the candidates; null when none names another.
const ContextCandidate* newest_by_parent(Candidates candidates) noexcept {
  for (const ContextCandidate& candidate : candidates) {
    const auto names = [&](const auto& other) { return is_child_of(candidate, other); };
    const auto named_by = [&](const auto& other) { return is_child_of(other, candidate); };
    if (std::ranges::any_of(candidates, names) && std::ranges::none_of(candidates, named_by)) {
      return &candidate;
    }
  }
  return nullptr;
}

/// Envoy's Zipkin tracer makes a root's span id from the low half of the trace id.
bool is_envoy_root(const ContextCandidate& candidate) noexcept {
  return std::ranges::equal(std::span{candidate.context.trace_id.bytes}.subspan<8>(),
                            candidate.context.span_id.bytes);
}

ContextChoice freshest(Candidates candidates, TraceStateForm trace_state) noexcept {
  const ContextCandidate* traceparent = find(candidates, ContextSource::kTraceparent);
  if (traceparent != nullptr && trace_state == TraceStateForm::kEmpty) return {traceparent};
  if (const auto* newest = newest_by_parent(candidates)) return {newest};
  const ContextCandidate& first = candidates.front();
  if (std::ranges::all_of(candidates, [&](const auto& c) { return same_span(c, first); })) {
    return {&first};
  }
  for (const ContextSource source : {ContextSource::kB3Single, ContextSource::kB3Multi}) {
    const ContextCandidate* b3 = find(candidates, source);
    if (b3 == nullptr) continue;
    if (b3->parent.valid()) return {b3};
    // Another span of its own trace is newer than a root.
    const bool older = std::ranges::any_of(
        candidates, [&](const auto& c) { return same_trace(c, *b3) && !same_span(c, *b3); });
    if (is_envoy_root(*b3) && !older) {
      // Brave makes its roots alike: beside a tracestate with members the traceparent may be the
      // fresh one just as well.
      return {b3, traceparent != nullptr && trace_state == TraceStateForm::kGiven &&
                      !same_span(*b3, *traceparent)};
    }
  }
  const ContextCandidate* picked = traceparent;
  if (picked == nullptr) picked = find(candidates, ContextSource::kB3Single);
  if (picked == nullptr) picked = &first;
  return {picked,
          std::ranges::any_of(candidates, [&](const auto& c) { return !same_trace(c, *picked); })};
}

}  // namespace

std::string_view to_string(ContextSource source) noexcept {
  switch (source) {
    case ContextSource::kNone:
      return "none";
    case ContextSource::kB3Multi:
      return "x-b3-traceid";
    case ContextSource::kB3Single:
      return "b3";
    case ContextSource::kTraceparent:
      return "traceparent";
    case ContextSource::kUberTraceId:
      return "uber-trace-id";
    case ContextSource::kGrpcTraceBin:
      return "grpc-trace-bin";
  }
  return "none";
}

ContextChoice choose_context(Candidates candidates, MeshProvider provider,
                             TraceStateForm trace_state) noexcept {
  if (candidates.empty()) return {};
  if (provider == MeshProvider::kW3c) {
    if (const auto* traceparent = find(candidates, ContextSource::kTraceparent)) {
      return {traceparent};
    }
  }
  if (provider == MeshProvider::kZipkin) {
    const auto b3_count = static_cast<std::size_t>(std::ranges::count_if(candidates, is_b3));
    if (b3_count > 0) return freshest(candidates.first(b3_count), trace_state);
  }
  return freshest(candidates, trace_state);
}

}  // namespace hal::wire
