#include <hal/wire/trace_names.hpp>

#include <hal/base/ascii.hpp>

#include <algorithm>
#include <array>

namespace hal::wire {
namespace {

struct Entry {
  std::string_view name;
  TraceName meaning;
};

/// Sorted by length, because names are looked up by length first.
constexpr std::array kNames{
    Entry{"b3", TraceName::kB3},
    Entry{"sw8", TraceName::kForeign},
    Entry{"baggage", TraceName::kBaggage},
    Entry{"tracestate", TraceName::kTracestate},
    Entry{"x-b3-flags", TraceName::kB3Flags},
    Entry{"traceparent", TraceName::kTraceparent},
    Entry{"x-b3-spanid", TraceName::kB3SpanId},
    Entry{"x-b3-traceid", TraceName::kB3TraceId},
    Entry{"x-b3-sampled", TraceName::kB3Sampled},
    Entry{"x-request-id", TraceName::kRequestId},
    Entry{"uber-trace-id", TraceName::kUberTraceId},
    Entry{"grpc-trace-bin", TraceName::kGrpcTraceBin},
    Entry{"x-amzn-trace-id", TraceName::kForeign},
    Entry{"x-b3-parentspanid", TraceName::kB3ParentSpanId},
    Entry{"x-ot-span-context", TraceName::kForeign},
    Entry{"x-cloud-trace-context", TraceName::kForeign},
};
static_assert(std::ranges::is_sorted(kNames, {}, [](const Entry& e) { return e.name.size(); }));

/// Of more headers than those that have come to be known: -trace-id, -parent-id,
/// -sampling-priority, -origin, -tags (the upper half of a trace id is in the last).
constexpr std::string_view kDatadog = "x-datadog-";

bool is_datadog(std::string_view name) noexcept {
  return name.size() > kDatadog.size() && ascii_lower(name.front()) == kDatadog.front() &&
         ascii_iequals(name.substr(0, kDatadog.size()), kDatadog);
}

constexpr std::size_t kNameSizeMax = kNames.back().name.size();

/// Index of the first name of each length; the last entries are the end of the table.
constexpr auto kFirstOfSize = [] {
  std::array<std::uint8_t, kNameSizeMax + 3> first{};
  for (std::size_t size = 0; size < first.size(); ++size) {
    first[size] = static_cast<std::uint8_t>(
        std::ranges::count_if(kNames, [&](const Entry& e) { return e.name.size() < size; }));
  }
  return first;
}();

constexpr std::array<std::string_view, 15> kOneHop{"host",
                                                   "connection",
                                                   "keep-alive",
                                                   "proxy-connection",
                                                   "te",
                                                   "trailer",
                                                   "transfer-encoding",
                                                   "upgrade",
                                                   "content-length",
                                                   "content-type",
                                                   "content-encoding",
                                                   "accept-encoding",
                                                   "expect",
                                                   "grpc-timeout",
                                                   "http2-settings"};

}  // namespace

TraceName trace_name(std::string_view name) noexcept {
  const std::size_t size = std::min(name.size(), kNameSizeMax + 1);
  for (std::size_t i = kFirstOfSize[size]; i < kFirstOfSize[size + 1]; ++i) {
    const std::string_view known = kNames[i].name;
    if (ascii_lower(name.front()) != known.front()) continue;  // most differ here already
    if (known == name || ascii_iequals(known, name)) return kNames[i].meaning;
  }
  return is_datadog(name) ? TraceName::kForeign : TraceName::kOther;
}

bool is_trace_header(std::string_view name) noexcept {
  return trace_name(name) != TraceName::kOther;
}

bool may_forward(std::string_view name) noexcept {
  if (name.empty() || name.front() == ':' || is_trace_header(name)) return false;
  return std::ranges::none_of(kOneHop,
                              [&](std::string_view hop) { return ascii_iequals(hop, name); });
}

}  // namespace hal::wire
