#include <hal/wire/trace_extract.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/field.hpp>
#include <hal/wire/trace_lists.hpp>
#include <hal/wire/trace_names.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

namespace hal::wire {
namespace {

/// A header that may come several times: its first value and how often it came.
struct Seen {
  std::string_view first;
  std::size_t count = 0;

  void see(std::string_view value) noexcept {
    if (count++ == 0) first = value;
  }
};

/// The trace headers of one request, as views.
class Found {
 public:
  Seen& operator[](TraceName name) noexcept { return seen_[static_cast<std::size_t>(name)]; }
  const Seen& operator[](TraceName name) const noexcept {
    return seen_[static_cast<std::size_t>(name)];
  }
  [[nodiscard]] std::string_view first(TraceName name) const noexcept {
    return (*this)[name].first;
  }

  [[nodiscard]] bool b3() const noexcept {
    return any({TraceName::kB3, TraceName::kB3TraceId, TraceName::kB3SpanId,
                TraceName::kB3ParentSpanId, TraceName::kB3Sampled, TraceName::kB3Flags});
  }
  [[nodiscard]] bool context() const noexcept {
    return b3() ||
           any({TraceName::kTraceparent, TraceName::kUberTraceId, TraceName::kGrpcTraceBin});
  }

 private:
  [[nodiscard]] bool any(std::initializer_list<TraceName> names) const noexcept {
    return std::ranges::any_of(names, [this](TraceName name) { return (*this)[name].count > 0; });
  }

  std::array<Seen, static_cast<std::size_t>(TraceName::kForeign)> seen_{};
};

class PassThrough {
 public:
  PassThrough(const ExtractOptions& options, ForwardedHeaders& forwarded)
      : options_{options}, forwarded_{forwarded}, bytes_left_{options.pass_through_bytes_max} {}

  void offer(Headers::Field field, bool foreign) {
    if (!foreign && !allowed(field.name)) return;
    const std::size_t bytes = field.name.size() + field.value.size();
    if (bytes > bytes_left_ || !valid_field_value(field.value)) return;
    bytes_left_ -= bytes;
    forwarded_.pass_through.emplace_back(ascii_lower(field.name), field.value);
  }

 private:
  [[nodiscard]] bool allowed(std::string_view name) const noexcept {
    return std::ranges::any_of(options_.forward_headers,
                               [&](const auto& listed) { return ascii_iequals(listed, name); }) &&
           may_forward(name);
  }

  const ExtractOptions& options_;
  ForwardedHeaders& forwarded_;
  std::size_t bytes_left_;
};

Found scan(const Headers& headers, const ExtractOptions& options, ForwardedHeaders& forwarded) {
  Found found;
  PassThrough pass_through{options, forwarded};
  for (const Headers::Field field : headers) {
    const TraceName name = trace_name(field.name);
    if (name == TraceName::kForeign || name == TraceName::kOther) {
      pass_through.offer(field, name == TraceName::kForeign);
    } else {
      found[name].see(field.value);
    }
  }
  return found;
}

std::string_view request_id(const Found& found, const ExtractOptions& options) noexcept {
  const std::string_view id = found.first(TraceName::kRequestId);
  const bool fit = id.size() <= options.request_id_bytes_max && valid_field_value(id);
  return fit ? id : std::string_view{};
}

/// All values of a list header: a view when there is one, joined in `buffer` when there are more.
std::string_view all_values(const Headers& headers, std::string_view name, const Seen& seen,
                            std::string& buffer) {
  if (seen.count <= 1) return seen.first;
  buffer = headers.joined(name).value_or("");
  return buffer;
}

TraceStateForm form_of(const Seen& seen, std::string_view list) noexcept {
  if (seen.count == 0) return TraceStateForm::kAbsent;
  return is_empty_list(list) ? TraceStateForm::kEmpty : TraceStateForm::kGiven;
}

/// The formats that came in, parsed, and the contexts among them.
class Contexts {
 public:
  explicit Contexts(const Found& found) {
    ParsedContext traceparent;
    if (found[TraceName::kTraceparent].count > 1) {
      traceparent.rejected = RejectReason::kTraceparentRepeated;
    } else {
      traceparent = parsed(found[TraceName::kTraceparent], parse_traceparent);
    }
    const ParsedContext single = parsed(found[TraceName::kB3], parse_b3_single);
    const ParsedContext multi =
        parse_b3_multi({.trace_id = found.first(TraceName::kB3TraceId),
                        .span_id = found.first(TraceName::kB3SpanId),
                        .parent_span_id = found.first(TraceName::kB3ParentSpanId),
                        .sampled = found.first(TraceName::kB3Sampled),
                        .flags = found.first(TraceName::kB3Flags)});
    add(multi, ContextSource::kB3Multi);
    add(single, ContextSource::kB3Single);
    add(traceparent, ContextSource::kTraceparent);
    rejected_ = traceparent.rejected;
    note(single.rejected);
    note(multi.rejected);
    // No sidecar writes these two, so they are older than all others.
    add_last(parsed(found[TraceName::kUberTraceId], parse_uber_trace_id),
             ContextSource::kUberTraceId);
    add_last(parsed(found[TraceName::kGrpcTraceBin], parse_grpc_trace_bin),
             ContextSource::kGrpcTraceBin);
    alone_ = single.context.sampling != Sampling::kDeferred ? single.context.sampling
                                                            : multi.context.sampling;
  }

  [[nodiscard]] std::span<const ContextCandidate> candidates() const noexcept {
    return {candidates_.data(), count_};
  }
  [[nodiscard]] std::optional<RejectReason> rejected() const noexcept { return rejected_; }
  /// The B3 decision to use when no context has ids.
  [[nodiscard]] Sampling sampling_alone() const noexcept { return alone_; }

 private:
  template <class Parse>
  static ParsedContext parsed(const Seen& seen, Parse parse) {
    return seen.count > 0 ? parse(seen.first) : ParsedContext{};
  }
  void add(const ParsedContext& parsed, ContextSource source) noexcept {
    if (!parsed.context.valid()) return;
    candidates_[count_++] = {.context = parsed.context, .parent = parsed.parent, .source = source};
  }
  void add_last(const ParsedContext& parsed, ContextSource source) noexcept {
    if (count_ == 0) add(parsed, source);
    note(parsed.rejected);
  }
  void note(std::optional<RejectReason> reason) noexcept {
    if (!rejected_) rejected_ = reason;
  }

  std::array<ContextCandidate, 3> candidates_{};
  std::size_t count_ = 0;
  std::optional<RejectReason> rejected_;
  Sampling alone_ = Sampling::kDeferred;
};

/// Adds what the other formats know about the same trace and the picked one cannot say: the random
/// flag (W3C only), debug (B3 only), and the decision where the picked one has none.
SpanContext merged(const ContextCandidate& picked, std::span<const ContextCandidate> candidates) {
  SpanContext context = picked.context;
  for (const ContextCandidate& other : candidates) {
    if (other.context.trace_id != context.trace_id) continue;
    context.random |= other.context.random;
    if (other.context.span_id == context.span_id && context.sampling == Sampling::kDeferred &&
        is_sampled(other.context.sampling)) {
      context.sampling = other.context.sampling;
    }
    if (is_sampled(context.sampling) && other.context.sampling == Sampling::kDebug) {
      context.sampling = Sampling::kDebug;
    }
  }
  return context;
}

/// The traceparent among the candidates if it names the context's own span.
bool from_traceparent(const SpanContext& context, std::span<const ContextCandidate> candidates) {
  return std::ranges::any_of(candidates, [&](const ContextCandidate& candidate) {
    return candidate.source == ContextSource::kTraceparent &&
           candidate.context.trace_id == context.trace_id &&
           candidate.context.span_id == context.span_id;
  });
}

}  // namespace

Extracted extract(const Headers& headers, const ExtractOptions& options) {
  Extracted result;
  const Found found = scan(headers, options, result.forwarded);
  result.b3_seen = found.b3();
  result.trace_headers_seen = found.context();

  std::string buffer;
  const Seen& trace_state_seen = found[TraceName::kTracestate];
  const std::string_view trace_state = all_values(headers, "tracestate", trace_state_seen, buffer);
  const Contexts contexts{found};
  const auto candidates = contexts.candidates();
  const ContextChoice choice =
      choose_context(candidates, options.provider, form_of(trace_state_seen, trace_state));
  result.rejected = contexts.rejected();
  result.ambiguous = choice.ambiguous;
  if (choice.picked != nullptr) {
    result.source = choice.picked->source;
    result.context = merged(*choice.picked, candidates);
  } else {
    result.context.sampling = contexts.sampling_alone();
  }

  ForwardedHeaders& forwarded = result.forwarded;
  forwarded.trace_parent_seen = std::ranges::any_of(
      candidates, [](const auto& c) { return c.source == ContextSource::kTraceparent; });
  forwarded.grpc_trace_bin_seen = found[TraceName::kGrpcTraceBin].count > 0;
  if (from_traceparent(result.context, candidates)) {
    forwarded.trace_state = bound_trace_state(
        trace_state, {options.trace_state_members_max, options.trace_state_bytes_max});
  }
  forwarded.request_id = request_id(found, options);
  forwarded.baggage =
      bound_baggage(all_values(headers, "baggage", found[TraceName::kBaggage], buffer),
                    {options.baggage_members_max, options.baggage_bytes_max});
  return result;
}

Extracted extract_request_id(const Headers& headers, const ExtractOptions& options) {
  Found found;
  for (const Headers::Field field : headers) {
    const TraceName name = trace_name(field.name);
    if (name < TraceName::kForeign) found[name].see(field.value);
  }
  Extracted result;
  result.b3_seen = found.b3();
  result.trace_headers_seen = found.context();
  result.forwarded.request_id = request_id(found, options);
  return result;
}

}  // namespace hal::wire
