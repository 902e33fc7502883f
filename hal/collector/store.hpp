// The collector's memory: the newest traces, within limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <hal/base/trace_context.hpp>
#include <hal/collector/filter.hpp>
#include <hal/collector/span.hpp>

namespace hal::collector {

struct StoreOptions {
  /// 200,000 spans of a usual size take about 150 MiB.
  std::size_t spans_max = 200'000;
  std::size_t bytes_max = 256 * 1024 * 1024;
  std::size_t traces_max = 100'000;
  /// One trace without end (a loop that never closes its root) must not push out all others.
  std::size_t spans_per_trace_max = 20'000;
  /// Spans of one trace that share an id: two sides of a call may (Zipkin). Each newcomer is
  /// compared with them.
  std::size_t spans_per_id_max = 8;
};

/// Counts since the start, and what is held now.
struct StoreStats {
  std::size_t traces = 0;
  std::size_t spans = 0;
  std::size_t bytes = 0;  ///< an estimate: fields, texts and containers
  std::uint64_t spans_received = 0;
  std::uint64_t spans_duplicate = 0;  ///< sent again by an exporter that missed our answer
  std::uint64_t spans_refused = 0;    ///< over spans_per_trace_max or spans_per_id_max
  std::uint64_t traces_evicted = 0;
  std::uint64_t spans_evicted = 0;  ///< with their traces
};

/// An operation of a service, with the kind of its spans.
struct Operation {
  std::string name;
  SpanKind kind = SpanKind::kUnspecified;
  friend auto operator<=>(const Operation&, const Operation&) = default;
};

/// Keeps whole traces; spans may come in any order, in any number of batches. When a limit is
/// passed, the trace whose first span came first is evicted; spans that come after that start a
/// trace of their own. Everything handed out is a copy, in which halves of a shared span id have
/// ids of their own (shared_ids.hpp). Thread-safe: one mutex, held for copies and for scans of at
/// most spans_max spans.
class Store {
 public:
  explicit Store(StoreOptions options = {});

  /// Takes the spans in. A span that is known already (same trace, ids, service, kind and start) is
  /// counted and left out: exporters send a batch again when an answer got lost.
  /// Preconditions: valid ids, a resource (decode_otlp_traces() gives both).
  void add(std::vector<Span> spans);

  /// The spans of the trace that have come so far; nullopt when there are none.
  [[nodiscard]] std::optional<Trace> find(const TraceId& id) const;

  /// At most `limit` wanted traces, the one that started last first.
  [[nodiscard]] std::vector<Trace> recent(std::size_t limit, const TraceFilter& filter = {}) const;
  /// Their ids: for many traces, to be copied one by one with find(), which others may have evicted
  /// by then.
  [[nodiscard]] std::vector<TraceId> recent_ids(std::size_t limit,
                                                const TraceFilter& filter = {}) const;

  /// The names of all services with spans in the store, sorted.
  [[nodiscard]] std::vector<std::string> services() const;

  /// The operations of one service, sorted by name, then kind; empty for an unknown service.
  [[nodiscard]] std::vector<Operation> operations(std::string_view service) const;

  [[nodiscard]] StoreStats stats() const;

 private:
  struct Place {
    SpanId id{};
    std::size_t index = 0;  ///< in Entry::spans
  };
  struct Entry {
    TraceId id{};
    std::vector<Span> spans{};
    std::vector<Place> places{};  ///< of `spans`, by id: finds duplicates without a scan
    std::size_t bytes = 0;
    std::uint64_t start_unix_ns = 0;
  };
  using Entries = std::list<Entry>;  ///< in the order of their first spans
  struct IdHash {
    std::size_t operator()(const TraceId& id) const noexcept;
  };

  Entry& entry(const TraceId& id);
  void add_span(Span span, std::size_t shared_bytes);
  bool is_over_limit() const;
  void evict_oldest();
  void count_operation(const Span& span);
  void uncount_operation(const Span& span);
  [[nodiscard]] std::vector<const Entry*> select(std::size_t limit,
                                                 const TraceFilter& filter) const;
  static Trace copy(const Entry& entry);

  const StoreOptions options_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_map<TraceId, Entries::iterator, IdHash> by_id_;
  /// How many spans each operation of each service has, so that names leave with their last span.
  std::map<std::string, std::map<Operation, std::size_t>, std::less<>> operations_;
  StoreStats stats_;
};

}  // namespace hal::collector
