#include <hal/wire/trace_extract.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/trace_lists.hpp>
#include <hal/wire/trace_names.hpp>

#include <algorithm>
#include <array>
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
struct Found {
  Seen traceparent, trace_state, b3, grpc_trace_bin, request_id, baggage;
  Seen trace_id, span_id, parent_span_id, sampled, flags;

  [[nodiscard]] bool b3_seen() const noexcept {
    return b3.count + trace_id.count + span_id.count + parent_span_id.count + sampled.count +
               flags.count >
           0;
  }
};

class PassThrough {
 public:
  PassThrough(const ExtractOptions& options, ForwardedHeaders& forwarded)
      : options_{options}, forwarded_{forwarded}, bytes_left_{options.pass_through_bytes_max} {}

  void offer(Headers::Field field, bool foreign) {
    if (!foreign && !allowed(field.name)) return;
    const std::size_t bytes = field.name.size() + field.value.size();
    if (bytes > bytes_left_ || has_control(field.value)) return;
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
  const std::array<Seen*, 11> slots{&found.traceparent, &found.trace_state, &found.b3,
                                    &found.trace_id,    &found.span_id,     &found.parent_span_id,
                                    &found.sampled,     &found.flags,       &found.grpc_trace_bin,
                                    &found.request_id,  &found.baggage};
  for (const Headers::Field field : headers) {
    const TraceName name = trace_name(field.name);
    if (name == TraceName::kForeign || name == TraceName::kOther) {
      pass_through.offer(field, name == TraceName::kForeign);
    } else {
      slots[static_cast<std::size_t>(name)]->see(field.value);
    }
  }
  return found;
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
    if (found.traceparent.count > 1) {
      traceparent.rejected = RejectReason::kTraceparentRepeated;
    } else if (found.traceparent.count == 1) {
      traceparent = parse_traceparent(found.traceparent.first);
    }
    const ParsedContext single =
        found.b3.count > 0 ? parse_b3_single(found.b3.first) : ParsedContext{};
    const ParsedContext multi = parse_b3_multi({.trace_id = found.trace_id.first,
                                                .span_id = found.span_id.first,
                                                .parent_span_id = found.parent_span_id.first,
                                                .sampled = found.sampled.first,
                                                .flags = found.flags.first});
    add(multi, ContextSource::kB3Multi);
    add(single, ContextSource::kB3Single);
    add(traceparent, ContextSource::kTraceparent);
    rejected_ = traceparent.rejected;
    note(single.rejected);
    note(multi.rejected);
    if (found.grpc_trace_bin.count > 0) {
      // No sidecar writes it, so it is the oldest of all.
      const ParsedContext binary = parse_grpc_trace_bin(found.grpc_trace_bin.first);
      if (count_ == 0) add(binary, ContextSource::kGrpcTraceBin);
      note(binary.rejected);
    }
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
  void add(const ParsedContext& parsed, ContextSource source) noexcept {
    if (!parsed.context.valid()) return;
    candidates_[count_++] = {.context = parsed.context, .parent = parsed.parent, .source = source};
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
  result.b3_seen = found.b3_seen();
  result.trace_headers_seen =
      result.b3_seen || found.traceparent.count > 0 || found.grpc_trace_bin.count > 0;

  std::string buffer;
  const std::string_view trace_state = all_values(headers, "tracestate", found.trace_state, buffer);
  const Contexts contexts{found};
  const auto candidates = contexts.candidates();
  const ContextChoice choice =
      choose_context(candidates, options.provider, form_of(found.trace_state, trace_state));
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
  forwarded.grpc_trace_bin_seen = found.grpc_trace_bin.count > 0;
  if (from_traceparent(result.context, candidates)) {
    forwarded.trace_state = bound_trace_state(
        trace_state, {options.trace_state_members_max, options.trace_state_bytes_max});
  }
  if (found.request_id.first.size() <= options.request_id_bytes_max &&
      !has_control(found.request_id.first)) {
    forwarded.request_id = found.request_id.first;
  }
  forwarded.baggage = bound_baggage(all_values(headers, "baggage", found.baggage, buffer),
                                    {options.baggage_members_max, options.baggage_bytes_max});
  return result;
}

}  // namespace hal::wire
