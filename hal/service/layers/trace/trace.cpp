#include <hal/service/layers/trace/trace.hpp>

#include <hal/service/call_end.hpp>
#include <hal/service/layers/trace/span_attributes.hpp>
#include <hal/telemetry/log.hpp>
#include <hal/telemetry/semconv.hpp>
#include <hal/wire/request_id.hpp>

#include <algorithm>
#include <optional>

namespace hal::layers {
namespace {

using service::Call;
using telemetry::Kind;
using telemetry::Mode;

Mode mode_of(const telemetry::Tracer* tracer) {
  return tracer == nullptr ? Mode::kForward : tracer->mode();
}

std::string mint_request_id(telemetry::Tracer& tracer, const SpanContext& context) {
  const auto random = tracer.ids().trace_id();
  return wire::make_request_id(random.bytes, is_sampled(context.sampling));
}

}  // namespace

Skipper path_prefix(std::string prefix) {
  return [prefix = std::move(prefix)](const Call& call) { return call.path.starts_with(prefix); };
}

Skipper not_path_prefix(std::string prefix) {
  return [prefix = std::move(prefix)](const Call& call) { return !call.path.starts_with(prefix); };
}

Skipper method_and_path_prefix(std::string method, std::string prefix) {
  return [method = std::move(method), prefix = std::move(prefix)](const Call& call) {
    return call.method == method && call.path.starts_with(prefix);
  };
}

ServerTrace::ServerTrace(TraceOptions options, Trace trace)
    : options_{std::move(options)}, trace_{std::move(trace)} {}

service::LayerPtr ServerTrace::configured(Trace trace) const {
  return std::make_shared<ServerTrace>(options_, std::move(trace));
}

void ServerTrace::warn_of_loss(const wire::Extracted& inbound, Mode mode) const {
  const auto& inject = options_.inject;
  const bool off = mode == Mode::kOff && inbound.trace_headers_seen;
  const bool b3 = inbound.b3_seen && !inject.b3_multi && !inject.b3_single;
  const bool w3c = inbound.forwarded.trace_parent_seen && !inject.trace_context;
  const bool lost = mode == Mode::kOff ? off : b3 || w3c;
  if (!lost || warned_of_loss_.exchange(true, std::memory_order_relaxed)) return;
  if (off) {
    log::warn(
        "trace headers come in, but HAL_TRACE_MODE=off drops them: in a mesh every trace breaks "
        "at this service; HAL_TRACE_MODE=forward passes them on");
  } else if (b3) {
    log::warn(
        "B3 headers come in, but OTEL_PROPAGATORS has neither b3multi nor b3: a mesh that traces "
        "by B3 loses every trace at this service; add b3multi");
  } else {
    log::warn(
        "traceparent comes in, but OTEL_PROPAGATORS has no tracecontext: a mesh that traces by W3C "
        "headers loses every trace at this service; add tracecontext");
  }
}

void ServerTrace::warn_of_guess(const wire::Extracted& inbound) const {
  if (!inbound.ambiguous || warned_of_guess_.exchange(true, std::memory_order_relaxed)) return;
  log::warn(
      "a request came with contexts of different traces, and nothing tells which of them the "
      "sidecar wrote: HAL_MESH_PROVIDER (zipkin or w3c) settles it");
}

wire::Extracted ServerTrace::read(const Headers& headers, telemetry::Tracer* tracer) const {
  const Mode mode = mode_of(tracer);
  auto inbound = mode == Mode::kOff ? wire::extract_request_id(headers, options_.extract)
                                    : wire::extract(headers, options_.extract);
  if (tracer != nullptr && inbound.rejected && !inbound.context.valid()) {
    tracer->count_restart(*inbound.rejected);
  }
  warn_of_loss(inbound, mode);
  warn_of_guess(inbound);
  return inbound;
}

Task<> ServerTrace::handle(Call& call, service::Next next) const {
  auto& promise = co_await hal::detail::this_promise();
  Context context = promise.context();
  telemetry::Tracer* const tracer = context.tracer;
  auto inbound = read(*call.request_headers, tracer);
  const auto forwarded = std::make_shared<ForwardedHeaders>(std::move(inbound.forwarded));
  context.forwarded = forwarded;
  context.span = inbound.context;
  context.recorded = nullptr;
  const bool skipped =
      std::ranges::any_of(trace_.skip, [&](const Skipper& skips) { return skips(call); });
  // Without a tracer nothing inside makes a span either: the request is forwarded.
  if (skipped) context.tracer = nullptr;
  promise.use_context(context);
  const bool named = mode_of(tracer) == Mode::kFull && !skipped;
  std::string buffer;
  const auto name = named ? span_name(call, buffer) : std::string_view{};
  auto span =
      co_await start_span({.name = name, .kind = Kind::kServer, .remote_parent = inbound.context});
  if (forwarded->request_id.empty() && tracer != nullptr) {
    forwarded->request_id = mint_request_id(*tracer, span.context());
  }
  describe_request(call, span.recorded());
  if (span.recording() && !forwarded->request_id.empty()) {
    const std::string_view ids[]{forwarded->request_id};
    span.set_attribute(telemetry::semconv::kHttpRequestHeaderXRequestId,
                       telemetry::AttributeValue{telemetry::AttributeValue::List{ids}});
  }
  co_await next(call);
  describe_outcome(call, span.recorded());
}

ClientTrace::ClientTrace(TraceOptions options) : options_{std::move(options)} {}

/// What the request says of the trace, and the span of the request.
void ClientTrace::begin(Call& call, const Context& outer, telemetry::RecordedSpan& span) const {
  if (outer.forwarded != nullptr) {
    wire::inject(span.context(), *outer.forwarded, options_.inject, *call.request_headers);
  } else {
    // A call outside a request starts a trace: its request id tells every sidecar to keep it.
    ForwardedHeaders forwarded;
    if (outer.tracer != nullptr && !call.request_headers->contains("x-request-id")) {
      forwarded.request_id = mint_request_id(*outer.tracer, span.context());
    }
    wire::inject(span.context(), forwarded, options_.inject, *call.request_headers);
  }
  describe_request(call, span);
}

Task<> ClientTrace::handle(Call& call, service::Next next) const {
  const Context& outer = co_await this_context();
  const bool full = mode_of(outer.tracer) == Mode::kFull;
  if (full && call.end != nullptr) {
    co_await handle_open_end(call, next);
    co_return;
  }
  std::string buffer;
  const auto name = full ? span_name(call, buffer) : std::string_view{};
  auto span = co_await start_span({.name = name, .kind = Kind::kClient});
  begin(call, outer, span.recorded());
  co_await next(call);
  describe_outcome(call, span.recorded());
}

/// The same with a span that outlives this coroutine.
Task<> ClientTrace::handle_open_end(Call& call, service::Next next) const {
  auto& promise = co_await hal::detail::this_promise();
  Context& outer = promise.context();
  std::string buffer;
  const auto name = span_name(call, buffer);
  auto span = std::make_unique<telemetry::RecordedSpan>(
      outer, telemetry::SpanOptions{.name = name, .kind = Kind::kClient});
  Context inside = outer;
  span->enter(inside);
  begin(call, outer, *span);
  promise.use_context(inside);
  co_await next(call);
  promise.use_context(outer);
  describe_outcome(call, *span);
  if (!call.status.ok()) co_return;
  call.end->add([span = std::move(span)](const Status& outcome) {
    if (!outcome.ok()) describe_broken_body(outcome, *span);
    span->end();
  });
}

Task<> UntracedCall::handle(Call& call, service::Next next) const {
  auto& promise = co_await hal::detail::this_promise();
  Context context = promise.context();
  std::optional<telemetry::IdGenerator> own;
  auto& ids = context.tracer == nullptr ? own.emplace() : context.tracer->ids();
  wire::inject_guard(*call.request_headers, ids.trace_id(), ids.span_id());
  // Nothing below makes a span of the call either.
  context.tracer = nullptr;
  context.recorded = nullptr;
  promise.use_context(context);
  co_await next(call);
}

service::Layers with_trace(service::Layers defaults, const Trace& trace) {
  for (auto& layer : defaults) {
    if (const auto* server = dynamic_cast<const ServerTrace*>(layer.get())) {
      layer = server->configured(trace);
    }
  }
  return defaults;
}

}  // namespace hal::layers
