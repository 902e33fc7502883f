#include <hal/collector/store.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <hal/base/contract.hpp>
#include <hal/collector/shared_ids.hpp>

namespace hal::collector {
namespace {

std::size_t bytes_of(const std::vector<Attribute>& attributes) {
  std::size_t bytes = attributes.capacity() * sizeof(Attribute);
  for (const Attribute& attribute : attributes) {
    bytes += attribute.key.size();
    if (const auto* text = std::get_if<std::string>(&attribute.value)) bytes += text->size();
    if (const auto* raw = std::get_if<Bytes>(&attribute.value)) bytes += raw->data.size();
  }
  return bytes;
}

std::size_t bytes_of(const Span& span) {
  std::size_t bytes = sizeof(Span) + sizeof(SpanId) + sizeof(std::size_t) + span.name.size() +
                      span.status_message.size() + span.trace_state.size() +
                      span.links.size() * sizeof(Link) + bytes_of(span.attributes);
  for (const Event& event : span.events) {
    bytes += sizeof(Event) + event.name.size() + bytes_of(event.attributes);
  }
  return bytes;
}

bool is_same(const Span& a, const Span& b) {
  return a.span_id == b.span_id && a.kind == b.kind && a.start_unix_ns == b.start_unix_ns &&
         a.parent_id == b.parent_id && a.service() == b.service();
}

}  // namespace

// The low half: 64-bit trace ids have nothing but zeros in the high one.
std::size_t Store::IdHash::operator()(const TraceId& id) const noexcept {
  std::uint64_t low = 0;
  std::memcpy(&low, id.bytes.data() + 8, sizeof(low));
  return static_cast<std::size_t>(low * 0x9E3779B97F4A7C15ULL);
}

Store::Store(StoreOptions options) : options_{options} {
  expects(options.spans_max > 0 && options.traces_max > 0 && options.spans_per_trace_max > 0,
          "a store has room for one span");
}

void Store::add(std::vector<Span> spans) {
  const std::lock_guard lock{mutex_};
  const Resource* resource = nullptr;
  const Instrumentation* scope = nullptr;
  for (Span& span : spans) {
    expects(span.resource != nullptr && span.trace_id.valid() && span.span_id.valid(),
            "a stored span has valid ids and a resource");
    // The spans of one resource follow each other, as those of one scope do: each is counted with
    // the first of them.
    std::size_t shared_bytes = 0;
    if (std::exchange(resource, span.resource.get()) != span.resource.get()) {
      shared_bytes += sizeof(Resource) + bytes_of(resource->attributes);
    }
    if (std::exchange(scope, span.scope.get()) != span.scope.get() && scope != nullptr) {
      shared_bytes += sizeof(Instrumentation) + scope->name.size() + scope->version.size();
    }
    add_span(std::move(span), shared_bytes);
  }
}

Store::Entry& Store::entry(const TraceId& id) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) return *found->second;
  entries_.push_back({.id = id});
  by_id_.emplace(id, std::prev(entries_.end()));
  ++stats_.traces;
  return entries_.back();
}

void Store::add_span(Span span, std::size_t shared_bytes) {
  ++stats_.spans_received;
  Entry& trace = entry(span.trace_id);
  const auto same_id = std::ranges::equal_range(trace.places, span.span_id, {}, &Place::id);
  if (std::ranges::any_of(
          same_id, [&](const Place& known) { return is_same(trace.spans[known.index], span); })) {
    ++stats_.spans_duplicate;
    return;
  }
  if (trace.spans.size() >= options_.spans_per_trace_max ||
      same_id.size() >= options_.spans_per_id_max) {
    ++stats_.spans_refused;
    return;
  }
  count_operation(span);
  // It stays for long: no room for attributes that never come.
  span.attributes.shrink_to_fit();
  const std::size_t bytes = bytes_of(span) + shared_bytes;
  trace.start_unix_ns =
      trace.spans.empty() ? span.start_unix_ns : std::min(trace.start_unix_ns, span.start_unix_ns);
  trace.bytes += bytes;
  trace.places.insert(same_id.end(), {.id = span.span_id, .index = trace.spans.size()});
  trace.spans.push_back(std::move(span));
  stats_.bytes += bytes;
  ++stats_.spans;
  while (is_over_limit()) evict_oldest();
}

bool Store::is_over_limit() const {
  return stats_.spans > options_.spans_max || stats_.bytes > options_.bytes_max ||
         stats_.traces > options_.traces_max;
}

void Store::evict_oldest() {
  const Entry& oldest = entries_.front();
  for (const Span& span : oldest.spans) uncount_operation(span);
  stats_.spans -= oldest.spans.size();
  stats_.bytes -= oldest.bytes;
  --stats_.traces;
  ++stats_.traces_evicted;
  stats_.spans_evicted += oldest.spans.size();
  by_id_.erase(oldest.id);
  entries_.pop_front();
}

void Store::count_operation(const Span& span) {
  auto service = operations_.find(span.service());
  if (service == operations_.end()) {
    service = operations_.try_emplace(std::string{span.service()}).first;
  }
  ++service->second[Operation{span.name, span.kind}];
}

void Store::uncount_operation(const Span& span) {
  const auto service = operations_.find(span.service());
  const auto operation = service->second.find(Operation{span.name, span.kind});
  if (--operation->second > 0) return;
  service->second.erase(operation);
  if (service->second.empty()) operations_.erase(service);
}

Trace Store::copy(const Entry& entry) {
  Trace trace{.id = entry.id, .spans = entry.spans};
  if (std::ranges::adjacent_find(entry.places, {}, &Place::id) != entry.places.end()) {
    split_shared_ids(trace.spans);
  }
  trace.sort_spans();
  return trace;
}

std::optional<Trace> Store::find(const TraceId& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return copy(*found->second);
}

std::vector<const Store::Entry*> Store::select(std::size_t limit, const TraceFilter& filter) const {
  std::vector<const Entry*> wanted;
  for (const Entry& entry : entries_) {
    if (filter.matches(entry.spans)) wanted.push_back(&entry);
  }
  const auto count = std::min(limit, wanted.size());
  std::ranges::partial_sort(wanted, wanted.begin() + static_cast<std::ptrdiff_t>(count),
                            [](const Entry* a, const Entry* b) {
                              if (a->start_unix_ns != b->start_unix_ns) {
                                return a->start_unix_ns > b->start_unix_ns;
                              }
                              return a->id < b->id;
                            });
  wanted.resize(count);
  return wanted;
}

std::vector<Trace> Store::recent(std::size_t limit, const TraceFilter& filter) const {
  const std::lock_guard lock{mutex_};
  std::vector<Trace> traces;
  for (const Entry* entry : select(limit, filter)) traces.push_back(copy(*entry));
  return traces;
}

std::vector<TraceId> Store::recent_ids(std::size_t limit, const TraceFilter& filter) const {
  const std::lock_guard lock{mutex_};
  std::vector<TraceId> ids;
  for (const Entry* entry : select(limit, filter)) ids.push_back(entry->id);
  return ids;
}

std::vector<std::string> Store::services() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> names;
  names.reserve(operations_.size());
  for (const auto& [service, operations] : operations_) names.push_back(service);
  return names;
}

std::vector<Operation> Store::operations(std::string_view service) const {
  const std::lock_guard lock{mutex_};
  std::vector<Operation> found;
  if (const auto of_service = operations_.find(service); of_service != operations_.end()) {
    for (const auto& [operation, spans] : of_service->second) found.push_back(operation);
  }
  return found;
}

StoreStats Store::stats() const {
  const std::lock_guard lock{mutex_};
  return stats_;
}

}  // namespace hal::collector
