#include <hal/collector/doctor/words.hpp>

#include <fmt/format.h>

namespace hal::collector::doctor {
namespace {

using Headers = std::vector<std::string_view>;

constexpr std::string_view kPropagators =
    "An OpenTelemetry SDK does with OTEL_PROPAGATORS=tracecontext,baggage,b3multi";

/// What the sidecars read and an application has to hand on.
Headers context_headers(Provider provider) {
  if (provider == Provider::kZipkin) return {"x-b3-traceid", "x-b3-spanid", "x-b3-sampled"};
  return {"traceparent", "tracestate"};
}

/// What else might have been sent and does not help.
std::string_view not_enough(Provider provider) {
  return provider == Provider::kZipkin
             ? " These sidecars trace with Zipkin and read B3: a traceparent alone is not enough, "
               "unless the provider's traceContextOption is USE_B3_WITH_W3C_PROPAGATION."
             : " These sidecars trace with OpenTelemetry and read traceparent: x-b3-* or b3 alone "
               "are not enough.";
}

std::string_view all_of(Provider provider) {
  return provider == Provider::kZipkin
             ? "x-request-id, x-b3-traceid, x-b3-spanid, x-b3-parentspanid, x-b3-sampled, "
               "x-b3-flags, and b3 where it came in without them (Envoy 1.40 does that)"
             : "x-request-id, traceparent, tracestate";
}

void add_request_id(const Finding& finding, Words& words) {
  if (!finding.request_id_kept) words.headers.insert(words.headers.begin(), "x-request-id");
}

std::string_view by_time(const Finding& finding) {
  return finding.by_time_alone ? " No id connects the two: the calls lie within the requests' time."
                               : "";
}

Words no_context(const Finding& finding) {
  Words words{.headers_are = "missing", .headers = context_headers(finding.provider)};
  add_request_id(finding, words);
  words.title = finding.request_id_kept
                    ? fmt::format("{} forwards x-request-id but no trace context to {}",
                                  finding.service, finding.upstream)
                    : fmt::format("{} forwards neither trace context nor x-request-id to {}",
                                  finding.service, finding.upstream);
  words.why = fmt::format(
      "A request comes in as part of a trace, and the call it makes begins another one.{}{}",
      by_time(finding), not_enough(finding.provider));
  words.cure = fmt::format(
      "Hand on with every call what came in: {}. hal9000 does unless HAL_TRACE_MODE is off. {} and "
      "a middleware for x-request-id.",
      all_of(finding.provider), kPropagators);
  return words;
}

Words own_trace(const Finding& finding) {
  Words words{.headers_are = "not read", .headers = context_headers(finding.provider)};
  words.title = fmt::format("{} begins traces of its own, and calls {} in these", finding.service,
                            finding.upstream);
  words.why = fmt::format(
      "The call's parent is a span of the application, in another trace than the request's: the "
      "application sends a context, but does not read the one that came in.{}{}",
      by_time(finding), not_enough(finding.provider));
  words.cure = fmt::format(
      "Read the context that came in before the first span is made. {}; hal9000 reads "
      "every format.",
      kPropagators);
  return words;
}

Words stale_context(const Finding& finding) {
  Words words{.headers_are = "stale"};
  words.title =
      fmt::format("{} sends an old trace context to {}", finding.service, finding.upstream);
  words.why = "The call's parent is older than the request that it belongs to.";
  if (finding.provider == Provider::kOpenTelemetry) {
    words.headers = {"traceparent"};
    words.cure = "Send the context of the request at hand, not one that was kept from before.";
    return words;
  }
  words.headers = {"b3"};
  if (!finding.is_b3) words.headers.insert(words.headers.end(), {"x-b3-traceid", "x-b3-spanid"});
  words.why +=
      finding.is_b3
          ? " Envoy before 1.40 reads b3 before x-b3-* and never renews it: the next proxy "
            "has the same parent as the call."
          : " Envoy reads b3 before x-b3-*: an old b3 is enough.";
  words.cure =
      "Hand on the context that the sidecar wrote last, and no other beside it: x-b3-* where they "
      "came in, without b3 (before Envoy 1.40), else b3. Keep none from an earlier request. "
      "hal9000 never sends b3.";
  return words;
}

Words stale_entry(const Finding& finding) {
  return {.title = fmt::format("requests reach {} with a b3 header, and {} gets it as it is",
                               finding.service, finding.upstream),
          .why =
              "Gateway and sidecar have the same parent. Envoy before 1.40 reads b3 before "
              "x-b3-* and never renews it, so each proxy hangs below the first sender.",
          .headers_are = "stale",
          .headers = {"b3"},
          .cure =
              "Take it away at the gateway (VirtualService: headers.request.remove: [b3]), or "
              "let clients send x-b3-* or traceparent instead, or use Envoy 1.40."};
}

Words spans_not_exported(const Finding& finding) {
  Words words;
  words.title =
      fmt::format("{} makes spans that {} arrive, and calls {} below them", finding.service,
                  finding.some_exported ? "do not all" : "never", finding.upstream);
  words.why = "The call's parent is a span that nobody sent, made after the request came in.";
  words.cure =
      finding.some_exported
          ? "Look for what loses them: a full queue (OTEL_BSP_MAX_QUEUE_SIZE and, of hal9000, "
            "HAL_TRACE_QUEUE_BYTES), an end without a flush, a sampler that drops spans whose "
            "context says sampled."
          : "Export them to where the sidecars' spans go (OTEL_TRACES_EXPORTER=otlp, "
            "OTEL_EXPORTER_OTLP_ENDPOINT), or make none and hand on the context as it came in "
            "(hal9000: HAL_TRACE_MODE=forward).";
  return words;
}

Words sampling_changed(const Finding& finding) {
  const bool is_w3c = finding.provider == Provider::kOpenTelemetry;
  return {.title = fmt::format("{} turns sampling {} in its calls to {}", finding.service,
                               finding.turned_on ? "on" : "off", finding.upstream),
          .why = finding.turned_on
                     ? "The call is recorded though its x-request-id says that the request is not, "
                       "and the request's own spans were not."
                     : "The request is recorded, and so is the application's span of the call, but "
                       "nothing behind that; other calls of the same kind are.",
          .headers_are = "changed",
          .headers = is_w3c ? Headers{"traceparent"} : Headers{"x-b3-sampled"},
          .cure = fmt::format("Hand on the decision as it came in ({}). An OpenTelemetry SDK does "
                              "with OTEL_TRACES_SAMPLER=parentbased_always_on; hal9000 always.",
                              is_w3c ? "the last two digits of traceparent" : "x-b3-sampled")};
}

Words request_id_changed(const Finding& finding) {
  Words words{.headers_are = "changed", .headers = {"x-request-id"}};
  words.title = fmt::format("{} sends another x-request-id to {} than came in", finding.service,
                            finding.upstream);
  words.why = "Request and call are in one trace and have different ids.";
  if (finding.provider == Provider::kOpenTelemetry) {
    words.why += fmt::format(
        " Envoy 1.39 and newer decide by it whether they record: {} of {} requests have no call "
        "recorded.",
        finding.requests_without_call, finding.requests);
  }
  words.cure = "Hand on x-request-id byte for byte with every call. hal9000 does in each mode.";
  return words;
}

}  // namespace

Words words_of(const Finding& finding) {
  switch (finding.cause) {
    case Cause::kNoContext:
      return no_context(finding);
    case Cause::kOwnTrace:
      return own_trace(finding);
    case Cause::kStaleContext:
      return stale_context(finding);
    case Cause::kStaleEntry:
      return stale_entry(finding);
    case Cause::kSpansNotExported:
      return spans_not_exported(finding);
    case Cause::kSamplingChanged:
      return sampling_changed(finding);
    case Cause::kRequestIdChanged:
      return request_id_changed(finding);
  }
  return {};
}

std::string words_of(const Doubt& doubt) {
  if (doubt.kind == Doubt::Kind::kUnrecorded) {
    return fmt::format(
        "{} makes spans of {} calls \"{}\", and its sidecar records none of them: they pass the "
        "sidecar by, or go out as not sampled (x-b3-sampled other than 1, traceparent not ending "
        "in 01).",
        doubt.service, doubt.calls, doubt.upstream);
  }
  return fmt::format(
      "{} begins {} traces with calls to {}, and continues none of {} requests that came in: jobs "
      "of its own, or it forwards nothing. Samples of 100 % would tell.",
      doubt.service, doubt.calls, doubt.upstream, doubt.requests);
}

}  // namespace hal::collector::doctor
