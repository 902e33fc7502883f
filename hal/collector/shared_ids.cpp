#include <hal/collector/shared_ids.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <tuple>

namespace hal::collector {
namespace {

bool joins(const Span* span) {
  return span->kind == SpanKind::kServer || span->kind == SpanKind::kConsumer;
}

/// An id that no span of the trace has: bits of the shared one, mixed (splitmix64), so that it is
/// the same in every answer.
SpanId new_id(const SpanId& shared, std::set<SpanId>& used) {
  std::uint64_t bits = 0;
  for (const std::uint8_t byte : shared.bytes) bits = bits << 8 | byte;
  for (;;) {
    bits += 0x9E3779B97F4A7C15;
    std::uint64_t mixed = bits;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    mixed ^= mixed >> 31;
    SpanId id;
    for (auto& byte : id.bytes) {
      byte = static_cast<std::uint8_t>(mixed >> 56);
      mixed <<= 8;
    }
    if (id.valid() && used.insert(id).second) return id;
  }
}

/// The half of a shared id that keeps it; null: these spans do not share it as Zipkin's do.
Span* owner_of(std::span<Span* const> group) {
  const auto caller = std::ranges::find_if_not(group, joins);
  if (caller != group.end()) return std::ranges::any_of(group, joins) ? *caller : nullptr;
  if (std::ranges::none_of(group, &Span::shared)) return nullptr;
  const auto first = std::ranges::find(group, false, &Span::shared);
  return first == group.end() ? group.front() : *first;
}

/// Splits the ids of one trace.
class Splitter {
 public:
  explicit Splitter(std::vector<Span>& spans) : spans_{spans} {
    for (const Span& span : spans) used_.insert(span.span_id);
  }

  void run() {
    if (used_.size() == spans_.size()) return;
    std::vector<Span*> by_id;
    by_id.reserve(spans_.size());
    for (Span& span : spans_) by_id.push_back(&span);
    std::ranges::sort(by_id, {}, [](const Span* span) {
      return std::tuple{span->span_id, span->start_unix_ns, span->kind, span->service()};
    });
    for (auto begin = by_id.begin(); begin != by_id.end();) {
      const SpanId id = (*begin)->span_id;
      const auto end =
          std::find_if(begin, by_id.end(), [&](const Span* span) { return span->span_id != id; });
      if (end - begin > 1) split(id, {begin, end});
      begin = end;
    }
    for (Span& span : spans_) move_below_its_service(span);
  }

 private:
  struct Half {
    SpanId id{};
    std::string_view service{};
  };

  void split(const SpanId& id, std::span<Span* const> group) {
    const Span* owner = owner_of(group);
    if (owner == nullptr) return;
    auto& halves = halves_[id];
    halves.push_back({id, owner->service()});
    for (Span* span : group) {
      if (span == owner || !joins(span)) continue;
      span->parent_id = halves.back().id;
      span->span_id = new_id(id, used_);
      halves.push_back({span->span_id, span->service()});
      split_.insert(span);
    }
  }

  void move_below_its_service(Span& span) const {
    const auto shared = halves_.find(span.parent_id);
    if (shared == halves_.end() || split_.contains(&span)) return;
    const auto& halves = shared->second;
    const auto own = std::find_if(halves.rbegin(), halves.rend(),
                                  [&](const Half& half) { return half.service == span.service(); });
    span.parent_id = own == halves.rend() ? halves.back().id : own->id;
  }

  std::vector<Span>& spans_;
  std::set<SpanId> used_;
  std::map<SpanId, std::vector<Half>> halves_;  // by shared id, the outermost first
  std::set<const Span*> split_;
};

}  // namespace

void split_shared_ids(std::vector<Span>& spans) { Splitter{spans}.run(); }

}  // namespace hal::collector
