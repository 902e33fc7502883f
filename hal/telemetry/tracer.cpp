#include <hal/telemetry/tracer.hpp>

#include <hal/telemetry/local_trace.hpp>

#include <cstring>

namespace hal::telemetry {
namespace {

constexpr std::size_t kSpareMax = 256;
constexpr std::size_t kSpareBytesMax = 16 * 1024;

std::size_t bucket(const TraceId& trace_id, std::size_t buckets) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, trace_id.bytes.data() + 8, sizeof word);  // random by W3C level 2
  return word % buckets;
}

}  // namespace

Tracer::Tracer(TracerOptions options)
    : options_{options}, ids_{options.seed ? IdGenerator{*options.seed} : IdGenerator{}} {
  if (options_.clock == nullptr) options_.clock = &system_clock();
}

Tracer::~Tracer() { expects(live_ == 0, "spans end before their tracer"); }

Tracer::Batch Tracer::take_batch() {
  Batch batch;
  if (!full_.empty()) {
    batch = std::move(full_.front());
    full_.pop_front();
  } else {
    batch = std::exchange(open_, {});
  }
  queued_ -= batch.spans;
  bytes_ -= batch.span_bytes.size();
  return batch;
}

void Tracer::count_restart(wire::RejectReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  if (index < counters_.restarts.size()) ++counters_.restarts[index];
}

LocalTrace& Tracer::begin_local_trace(const TraceId& trace_id) {
  std::unique_ptr<LocalTrace> trace;
  if (spare_traces_.empty()) {
    trace = std::make_unique<LocalTrace>();
  } else {
    trace = std::move(spare_traces_.back());
    spare_traces_.pop_back();
  }
  trace->id = trace_id;
  trace->ended = false;
  trace->dropped = false;
  LocalTrace*& first = open_traces_[bucket(trace_id, open_traces_.size())];
  trace->next = std::exchange(first, trace.get());
  ++live_;
  return *trace.release();  // owned by its references: release() below
}

LocalTrace* Tracer::find_local_trace(const TraceId& trace_id) noexcept {
  LocalTrace* trace = open_traces_[bucket(trace_id, open_traces_.size())];
  while (trace != nullptr && trace->id != trace_id) trace = trace->next;
  return trace;
}

std::string* Tracer::accept_span(LocalTrace& trace) {
  const bool full =
      queued_ + held_ >= options_.queue_spans_max || bytes_ >= options_.queue_bytes_max;
  if (full && !trace.dropped) drop(trace);
  if (trace.dropped) {
    ++counters_.spans_dropped;
    return nullptr;
  }
  ++trace.spans;
  ++held_;
  bytes_ -= trace.bytes.size();  // span_written() counts them again, with the new ones
  return &trace.bytes;
}

void Tracer::span_written(LocalTrace& trace) {
  bytes_ += trace.bytes.size();
  // A local trace of more than a batch goes in parts: a long-lived one must not fill the queue.
  if (trace.ended || trace.spans >= options_.batch_spans ||
      trace.bytes.size() >= options_.batch_bytes_max) {
    flush(trace);
  }
}

void Tracer::end_local_trace(LocalTrace& trace) {
  trace.ended = true;
  LocalTrace** link = &open_traces_[bucket(trace.id, open_traces_.size())];
  while (*link != &trace) link = &(*link)->next;
  *link = trace.next;
  flush(trace);
}

void Tracer::release(LocalTrace& trace) {
  if (--trace.references > 0) return;
  --live_;
  std::unique_ptr<LocalTrace> owned{&trace};
  if (spare_traces_.size() < kSpareMax && trace.bytes.capacity() <= kSpareBytesMax) {
    spare_traces_.push_back(std::move(owned));
  }
}

void Tracer::flush(LocalTrace& trace) {
  if (trace.spans == 0) return;
  if (open_.spans == 0) open_.span_bytes.reserve(last_batch_bytes_);
  open_.span_bytes += trace.bytes;
  open_.spans += trace.spans;
  queued_ += trace.spans;
  held_ -= trace.spans;
  counters_.spans_recorded += trace.spans;
  trace.bytes.clear();
  trace.spans = 0;
  if (open_.spans < options_.batch_spans && open_.span_bytes.size() < options_.batch_bytes_max) {
    return;
  }
  last_batch_bytes_ = open_.span_bytes.size();
  full_.push_back(std::exchange(open_, {}));
  batch_full_.wake_all();
}

void Tracer::drop(LocalTrace& trace) {
  trace.dropped = true;
  ++counters_.traces_dropped;
  counters_.spans_dropped += trace.spans;
  held_ -= trace.spans;
  bytes_ -= trace.bytes.size();
  trace.bytes.clear();
  trace.spans = 0;
}

std::string Tracer::take_buffer() {
  if (spare_buffers_.empty()) return {};
  std::string buffer = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return buffer;
}

void Tracer::give_back(std::string buffer) {
  if (spare_buffers_.size() >= kSpareMax || buffer.capacity() > kSpareBytesMax) return;
  buffer.clear();
  spare_buffers_.push_back(std::move(buffer));
}

}  // namespace hal::telemetry
