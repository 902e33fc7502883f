// Spans. In a handler: `auto span = co_await start_span("Login", {{"kind", "function"}});`
#pragma once

#include <hal/async/promise.hpp>
#include <hal/telemetry/attribute.hpp>
#include <hal/telemetry/tracer.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hal::telemetry {

/// OTLP's numbers.
enum class Kind : std::uint8_t {
  kInternal = 1,
  kServer = 2,
  kClient = 3,
  kProducer = 4,
  kConsumer = 5,
};
enum class SpanStatus : std::uint8_t { kUnset = 0, kOk = 1, kError = 2 };

/// Views; they need to live for the call that takes them only.
struct SpanOptions {
  std::string_view name{};
  Kind kind = Kind::kInternal;
  std::optional<TimePoint> start{};  ///< unset: now, by the tracer's clock
  /// The context that came in with a request; it may be invalid, or hold a sampling decision only.
  /// Unset: the parent is the span of the Context.
  std::optional<SpanContext> remote_parent{};
  std::span<const Attribute> attributes{};
};

/// One span, from construction to end(). What its ids are depends on the tracer:
///  - kFull: a new span id, in the parent's trace or in a new one; recorded if sampled. An
///    unsampled span has ids too: they travel with sampled=0.
///  - kForward, or no tracer: the parent's context unchanged. kOff: an invalid context.
/// Belongs to its worker; neither copied nor moved, because Contexts point to it.
class RecordedSpan {
 public:
  /// A child of options.remote_parent if set, else of parent.recorded, else of parent.span: that
  /// span runs in this process unless the kind is kServer or kConsumer. Uses parent.tracer and, for
  /// tracestate, parent.forwarded. Keeps no reference to `parent`.
  RecordedSpan(const Context& parent, const SpanOptions& options);
  RecordedSpan(const RecordedSpan&) = delete;
  RecordedSpan& operator=(const RecordedSpan&) = delete;
  ~RecordedSpan();

  /// What goes out with calls made inside this span.
  [[nodiscard]] const SpanContext& context() const noexcept { return context_; }
  /// False: the setters below do nothing. Ask before computing something costly for them.
  [[nodiscard]] bool recording() const noexcept { return recording_; }

  /// A key that is set again replaces its value. Bytes that are no UTF-8 become U+FFFD.
  void set_attribute(std::string_view key, const AttributeValue& value);
  void set_attributes(std::span<const Attribute> attributes);
  /// Something that happened at this moment.
  void add_event(std::string_view name, AttributeList attributes = {});
  /// The message is kept for kError only (trace/api.md, "Set Status").
  void set_status(SpanStatus status, std::string_view message = {});
  /// For a name that is known late: the route, once routing has found it.
  void set_name(std::string_view name);

  /// Hands the span to the tracer; later calls of anything do nothing. The destructor ends it too.
  void end();
  void end_at(TimePoint end);

  /// Makes `context` the one of work inside this span; it must not be used after this object.
  void enter(Context& context) noexcept {
    context.span = context_;
    context.recorded = this;
  }

 private:
  void choose_context(const SpanContext& parent);
  void join_local_trace(const Context& parent, const SpanOptions& options);
  [[nodiscard]] std::uint64_t unix_nanoseconds(TimePoint time) const noexcept;
  void append_to(std::string& spans, TimePoint end) const;

  Tracer* tracer_ = nullptr;
  LocalTrace* trace_ = nullptr;
  SpanContext context_{};
  SpanId parent_id_{};
  bool recording_ = false;
  bool local_root_ = false;
  bool remote_parent_ = false;
  Kind kind_ = Kind::kInternal;
  SpanStatus status_ = SpanStatus::kUnset;
  std::uint64_t keys_ = 0;  ///< a bit for each that was set: one without its bit is new
  std::uint32_t attributes_ = 0;
  std::uint32_t attributes_dropped_ = 0;
  std::uint32_t events_ = 0;
  std::uint32_t events_dropped_ = 0;
  TimePoint start_{};
  std::string name_{};
  std::string status_message_{};
  std::string trace_state_{};
  std::string fields_{};  ///< attributes and events as they are on the wire
};

/// A span of the enclosing coroutine: until this object ends, what the coroutine awaits runs inside
/// the span. Made by start_span() only; a local variable, never moved. Span objects of one
/// coroutine end in the opposite order of their start, as local variables do.
class [[nodiscard]] Span {
 public:
  Span(hal::detail::PromiseBase& promise, const SpanOptions& options);
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  ~Span();

  // As of RecordedSpan.
  [[nodiscard]] const SpanContext& context() const noexcept { return recorded_.context(); }
  [[nodiscard]] bool recording() const noexcept { return recorded_.recording(); }
  void set_attribute(std::string_view key, const AttributeValue& value) {
    recorded_.set_attribute(key, value);
  }
  void add_event(std::string_view name, AttributeList attributes = {}) {
    recorded_.add_event(name, attributes);
  }
  void set_status(SpanStatus status, std::string_view message = {}) {
    recorded_.set_status(status, message);
  }
  void set_name(std::string_view name) { recorded_.set_name(name); }
  /// Ends the span before this object ends; what runs until then still has its ids.
  void end() { recorded_.end(); }
  [[nodiscard]] RecordedSpan& recorded() noexcept { return recorded_; }

 private:
  hal::detail::PromiseBase& promise_;
  Context& outer_;
  RecordedSpan recorded_;
  std::optional<Context> node_;  ///< empty where nothing differs from the outer Context
};

namespace detail {

/// Awaited at once: never suspends, and makes the Span where the result of co_await stands.
struct StartSpan {
  SpanOptions options;

  struct Awaiter {
    hal::detail::PromiseBase& promise;
    SpanOptions options;
    [[nodiscard]] bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    [[nodiscard]] Span await_resume() const { return Span{promise, options}; }
  };
  [[nodiscard]] Awaiter await_in(hal::detail::PromiseBase& promise) && noexcept {
    return {promise, options};
  }
};

}  // namespace detail

/// `auto span = co_await start_span("Login", {{"kind", "function"}});` starts a child of the
/// current span, or a new trace outside one. Without a tracer it does nothing.
[[nodiscard]] inline detail::StartSpan start_span(std::string_view name,
                                                  AttributeList attributes = {}) noexcept {
  return {{.name = name, .attributes = {attributes.begin(), attributes.size()}}};
}
/// The same with all options: what the kit's layers use for server and client spans.
[[nodiscard]] inline detail::StartSpan start_span(const SpanOptions& options) noexcept {
  return {options};
}

}  // namespace hal::telemetry

namespace hal {
using telemetry::start_span;
}  // namespace hal
