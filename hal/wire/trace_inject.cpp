#include <hal/wire/trace_inject.hpp>

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/base/hex.hpp>
#include <hal/wire/trace_formats.hpp>
#include <hal/wire/trace_names.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace hal::wire {
namespace {

constexpr std::array<std::string_view, 10> kContextNames{
    "traceparent",       "tracestate",   "b3",         "x-b3-traceid",   "x-b3-spanid",
    "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags", "grpc-trace-bin", "uber-trace-id"};

template <std::size_t N>
std::string_view view(const std::array<char, N>& text) noexcept {
  return {text.data(), text.size()};
}

/// Which kinds of trace headers are there: one bit per TraceName.
std::uint32_t kinds_in(const Headers& headers) noexcept {
  std::uint32_t kinds = 0;
  for (const Headers::Field field : headers) {
    kinds |= 1U << static_cast<unsigned>(trace_name(field.name));
  }
  return kinds;
}

constexpr std::uint32_t bit(TraceName name) noexcept { return 1U << static_cast<unsigned>(name); }

/// Removes every context format; most outbound requests have none. Returns kinds_in(out) before.
std::uint32_t strip_contexts(Headers& out) {
  const std::uint32_t kinds = kinds_in(out);
  if ((kinds & (bit(TraceName::kRequestId) - 1)) != 0) {
    for (const std::string_view name : kContextNames) out.remove(name);
  }
  return kinds;
}

void replace(Headers& out, std::uint32_t kinds, TraceName kind, std::string_view name,
             std::string_view value) {
  if ((kinds & bit(kind)) != 0) out.remove(name);
  out.add(name, value);
}

void add_b3(const SpanContext& context, Headers& out) {
  if (context.valid()) {
    std::array<char, 32> trace_id;
    std::array<char, 16> span_id;
    write_hex(context.trace_id.bytes, trace_id.data());
    write_hex(context.span_id.bytes, span_id.data());
    out.add("x-b3-traceid", view(trace_id));
    out.add("x-b3-spanid", view(span_id));
  }
  if (context.sampling != Sampling::kDeferred) {
    out.add("x-b3-sampled", is_sampled(context.sampling) ? "1" : "0");
  }
  if (context.sampling == Sampling::kDebug) out.add("x-b3-flags", "1");
}

/// The caller's own header wins; several of one name among `pass_through` all go out.
void add_pass_through(const ForwardedHeaders& forwarded, Headers& out) {
  const std::size_t own_size = out.size();
  for (const auto& [name, value] : forwarded.pass_through) {
    const bool own = [&] {
      for (std::size_t i = 0; i < own_size; ++i) {
        if (ascii_iequals(out.at(i).name, name)) return true;
      }
      return false;
    }();
    if (!own) out.add(name, value);
  }
}

}  // namespace

void inject(const SpanContext& context, const ForwardedHeaders& forwarded,
            const InjectOptions& options, Headers& out) {
  const std::uint32_t kinds = strip_contexts(out);
  add_pass_through(forwarded, out);
  if (options.b3_multi) add_b3(context, out);
  if (options.b3_single) {
    if (const auto b3 = write_b3_single(context); !b3.empty()) out.add("b3", b3);
  }
  if (options.trace_context && context.valid() &&
      (context.sampling != Sampling::kDeferred || forwarded.trace_parent_seen)) {
    out.add("traceparent", view(write_traceparent(context)));
    if (!forwarded.trace_state.empty()) out.add("tracestate", forwarded.trace_state);
  }
  if (options.jaeger && context.valid() && context.sampling != Sampling::kDeferred) {
    out.add("uber-trace-id", write_uber_trace_id(context));
  }
  if (forwarded.grpc_trace_bin_seen && context.valid()) {
    out.add("grpc-trace-bin", write_grpc_trace_bin(context));
  }
  if (!forwarded.request_id.empty()) {
    replace(out, kinds, TraceName::kRequestId, "x-request-id", forwarded.request_id);
  }
  if (options.baggage && !forwarded.baggage.empty()) {
    replace(out, kinds, TraceName::kBaggage, "baggage", forwarded.baggage);
  }
}

void inject_guard(Headers& out, TraceId trace_id, SpanId span_id) {
  const SpanContext context{
      .trace_id = trace_id, .span_id = span_id, .sampling = Sampling::kDenied};
  expects(context.valid(), "a guard needs a trace id and a span id that are not zero");
  strip_contexts(out);
  out.add("x-b3-sampled", "0");
  out.add("traceparent", view(write_traceparent(context)));
}

}  // namespace hal::wire
