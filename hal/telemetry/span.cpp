#include <hal/telemetry/span.hpp>

#include <hal/telemetry/local_trace.hpp>
#include <hal/telemetry/otlp_writer.hpp>

namespace hal::telemetry {
namespace {

// Span.flags beside the W3C flags in bits 0-7.
constexpr std::uint32_t kHasIsRemote = 0x100;
constexpr std::uint32_t kIsRemote = 0x200;

/// One of 64 bits. Two keys may share it; of the kit's own (semconv.hpp) no two of one span do.
std::uint64_t bit_of(std::string_view key) noexcept {
  const std::size_t sum = key.size() + 3 * static_cast<unsigned char>(key.back()) +
                          2 * static_cast<unsigned char>(key[key.size() / 3]);
  return std::uint64_t{1} << (sum % 64);
}

std::int64_t wall_offset_ns(SpanClock::WallTime wall, TimePoint now) noexcept {
  return wall.time_since_epoch().count() - std::chrono::nanoseconds{now.time_since_epoch()}.count();
}

bool is_entry(Kind kind) noexcept { return kind == Kind::kServer || kind == Kind::kConsumer; }

}  // namespace

RecordedSpan::RecordedSpan(const Context& parent, const SpanOptions& options)
    : tracer_{parent.tracer}, kind_{options.kind} {
  const SpanContext& parent_span = options.remote_parent ? *options.remote_parent : parent.span;
  if (tracer_ == nullptr || tracer_->mode() == Mode::kForward) {
    context_ = parent_span;
    return;
  }
  if (tracer_->mode() == Mode::kOff) return;
  choose_context(parent_span);
  if (!is_sampled(context_.sampling)) return;

  const TimePoint now = tracer_->clock().now();
  start_ = options.start.value_or(now);
  join_local_trace(parent, options);
  if (local_root_) trace_->wall_offset_ns = wall_offset_ns(tracer_->clock().wall(), now);
  recording_ = true;
  name_ = tracer_->take_buffer();
  name_.assign(options.name);
  fields_ = tracer_->take_buffer();
  // tracestate belongs to the inbound trace: not to one that starts here.
  if (parent_id_.valid() && parent.forwarded) trace_state_ = parent.forwarded->trace_state;
  set_attributes(options.attributes);
}

RecordedSpan::~RecordedSpan() {
  end();
  if (trace_ != nullptr) tracer_->release(*trace_);
}

void RecordedSpan::choose_context(const SpanContext& parent) {
  if (parent.valid()) {
    context_.trace_id = parent.trace_id;
    context_.random = parent.random;
    parent_id_ = parent.span_id;
  } else {
    context_.trace_id = tracer_->ids().trace_id();
    context_.random = true;
  }
  context_.span_id = tracer_->ids().span_id();
  context_.sampling = tracer_->options().sampler.decide(parent.sampling, context_.trace_id);
}

void RecordedSpan::join_local_trace(const Context& parent, const SpanOptions& options) {
  const RecordedSpan* const local = options.remote_parent ? nullptr : parent.recorded;
  remote_parent_ = parent_id_.valid() && local == nullptr &&
                   (options.remote_parent.has_value() || is_entry(options.kind));
  if (local != nullptr && local->tracer_ == tracer_) {
    trace_ = local->trace_;
  } else if (parent_id_.valid() && !remote_parent_) {
    trace_ = tracer_->find_local_trace(context_.trace_id);  // spawned work knows the ids only
  }
  if (trace_ == nullptr) {
    trace_ = &tracer_->begin_local_trace(context_.trace_id);
    local_root_ = true;
  }
  ++trace_->references;
}

void RecordedSpan::set_attribute(std::string_view key, const AttributeValue& value) {
  if (!recording_ || key.empty()) return;
  const SpanLimits& limits = tracer_->options().limits;
  const std::uint64_t bit = bit_of(key);
  if ((keys_ & bit) != 0 && otlp::erase_attribute(fields_, otlp::field::kAttributes, key)) {
    --attributes_;
  }
  keys_ |= bit;
  if (attributes_ >= limits.attributes_max) {
    ++attributes_dropped_;
    return;
  }
  ++attributes_;
  otlp::append_attribute(fields_, otlp::field::kAttributes, key, value, limits.value_bytes_max);
}

void RecordedSpan::set_attributes(std::span<const Attribute> attributes) {
  for (const Attribute& attribute : attributes) set_attribute(attribute.key, attribute.value);
}

void RecordedSpan::add_event(std::string_view name, AttributeList attributes) {
  if (!recording_) return;
  const SpanLimits& limits = tracer_->options().limits;
  if (events_ >= limits.events_max) {
    ++events_dropped_;
    return;
  }
  ++events_;
  const otlp::Nested event{fields_, otlp::field::kEvents};
  otlp::append_fixed_field(fields_, 1, unix_nanoseconds(tracer_->clock().now()));
  otlp::append_text_field(fields_, 2, name, otlp::kNameBytesMax);
  std::size_t count = 0;
  for (const Attribute& attribute : attributes) {
    if (++count > limits.event_attributes_max) break;
    otlp::append_attribute(fields_, 3, attribute.key, attribute.value, limits.value_bytes_max);
  }
  if (attributes.size() > limits.event_attributes_max) {
    otlp::append_varint_field(fields_, 4, attributes.size() - limits.event_attributes_max);
  }
}

void RecordedSpan::set_status(SpanStatus status, std::string_view message) {
  if (!recording_) return;
  status_ = status;
  status_message_.assign(status == SpanStatus::kError ? message : std::string_view{});
}

void RecordedSpan::set_name(std::string_view name) {
  if (recording_) name_.assign(name);
}

void RecordedSpan::end() {
  if (recording_) end_at(tracer_->clock().now());
}

void RecordedSpan::end_at(TimePoint end) {
  if (!recording_) return;
  recording_ = false;
  if (std::string* const spans = tracer_->accept_span(*trace_)) {
    append_to(*spans, end < start_ ? start_ : end);
    tracer_->span_written(*trace_);
  }
  if (local_root_) tracer_->end_local_trace(*trace_);
  tracer_->give_back(std::move(name_));
  tracer_->give_back(std::move(fields_));
}

std::uint64_t RecordedSpan::unix_nanoseconds(TimePoint time) const noexcept {
  const std::chrono::nanoseconds steady{time.time_since_epoch()};
  return static_cast<std::uint64_t>(steady.count() + trace_->wall_offset_ns);
}

void RecordedSpan::append_to(std::string& bytes, TimePoint end) const {
  constexpr std::size_t kFixedBytesMax = 16 * otlp::kHeadBytesMax;  // ids, times, numbers, lengths
  const std::size_t bytes_max = kFixedBytesMax + otlp::text_field_bytes_max(trace_state_.size()) +
                                otlp::text_field_bytes_max(name_.size()) + fields_.size() +
                                otlp::text_field_bytes_max(status_message_.size());
  otlp::append_with_cursor(bytes, bytes_max, [&](otlp::Cursor& spans) {
    constexpr std::uint32_t kSpansOfScopeSpans = 2;
    const otlp::Nested span{spans, kSpansOfScopeSpans};
    otlp::append_bytes_field(spans, otlp::field::kTraceId, context_.trace_id.bytes);
    otlp::append_bytes_field(spans, otlp::field::kSpanId, context_.span_id.bytes);
    if (!trace_state_.empty()) {
      otlp::append_text_field(spans, otlp::field::kTraceState, trace_state_, otlp::kNameBytesMax);
    }
    if (parent_id_.valid()) {
      otlp::append_bytes_field(spans, otlp::field::kParentSpanId, parent_id_.bytes);
    }
    otlp::append_text_field(spans, otlp::field::kName, name_, otlp::kNameBytesMax);
    otlp::append_varint_field(spans, otlp::field::kKind, static_cast<std::uint64_t>(kind_));
    otlp::append_fixed_field(spans, otlp::field::kStart, unix_nanoseconds(start_));
    otlp::append_fixed_field(spans, otlp::field::kEnd, unix_nanoseconds(end));
    spans.append(fields_);
    if (attributes_dropped_ > 0) {
      otlp::append_varint_field(spans, otlp::field::kAttributesDropped, attributes_dropped_);
    }
    if (events_dropped_ > 0) {
      otlp::append_varint_field(spans, otlp::field::kEventsDropped, events_dropped_);
    }
    if (status_ != SpanStatus::kUnset) {
      const otlp::Nested status{spans, otlp::field::kStatus};
      if (!status_message_.empty()) {
        otlp::append_text_field(spans, 2, status_message_, otlp::kNameBytesMax);
      }
      otlp::append_varint_field(spans, 3, static_cast<std::uint64_t>(status_));
    }
    const std::uint32_t flags =
        0x01u | (context_.random ? 0x02u : 0u) | kHasIsRemote | (remote_parent_ ? kIsRemote : 0u);
    otlp::append_fixed_field(spans, otlp::field::kFlags, flags);
  });
}

Span::Span(hal::detail::PromiseBase& promise, const SpanOptions& options)
    : promise_{promise}, outer_{promise.context()}, recorded_{outer_, options} {
  // Where nothing is recorded the ids mostly are the outer ones, and no copy is needed.
  if (!recorded_.recording() && recorded_.context() == outer_.span) return;
  node_.emplace(outer_);
  recorded_.enter(*node_);
  promise_.use_context(*node_);
}

// Two ways lead here. (1) The coroutine runs and leaves the variable's scope: promise and thread
// point to node_, and both go back to the outer Context. (2) The coroutine was ended by or_return
// (or cancelled): it stays suspended, its awaiter has resumed and noted its own Context for the
// thread, and now destroys the frame. The thread's slot is then not ours to write. The promise
// may be written in both cases: destroying a suspended coroutine destroys its locals first and the
// promise after them ([dcl.fct.def.coroutine] 12), and only a pointer is stored, to a Context that
// outlives this frame because it belongs to the awaiter or to an earlier local.
Span::~Span() {
  if (!node_) return;
  if (&promise_.context() == &*node_) promise_.inherit_context(&outer_);
  const Context*& current = hal::detail::current_context_slot;
  if (current == &*node_) current = &outer_;
}

}  // namespace hal::telemetry
