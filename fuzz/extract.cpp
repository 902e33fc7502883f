// All headers of a request together: each line is a header, its first character says which.
#include "fuzz.hpp"

#include <hal/wire/field.hpp>
#include <hal/wire/trace_extract.hpp>

#include <algorithm>
#include <array>

namespace {

constexpr std::array<std::string_view, 16> kNames{
    "traceparent",   "tracestate",        "b3",           "x-b3-traceid",
    "x-b3-spanid",   "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
    "uber-trace-id", "grpc-trace-bin",    "x-request-id", "baggage",
    "sw8",           "x-tenant",          "TraceParent",  "host"};

hal::Headers headers_of(std::string_view text) {
  hal::Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) continue;
    headers.add(kNames[static_cast<unsigned char>(line.front()) % kNames.size()], line.substr(1));
  }
  return headers;
}

std::size_t members(std::string_view list) {
  return list.empty() ? 0 : 1 + static_cast<std::size_t>(std::ranges::count(list, ','));
}

/// What travels on is bounded and cannot end a header's line.
void check(const hal::ForwardedHeaders& forwarded, const hal::wire::ExtractOptions& options) {
  const auto is_fit = [](std::string_view value, std::size_t bytes_max) {
    return value.size() <= bytes_max && hal::wire::valid_field_value(value);
  };
  hal::expects(is_fit(forwarded.request_id, options.request_id_bytes_max), "x-request-id is fit");
  hal::expects(is_fit(forwarded.trace_state, options.trace_state_bytes_max), "tracestate is fit");
  hal::expects(is_fit(forwarded.baggage, options.baggage_bytes_max), "baggage is fit");
  hal::expects(members(forwarded.trace_state) <= options.trace_state_members_max &&
                   members(forwarded.baggage) <= options.baggage_members_max,
               "lists have a bounded number of members");
  std::size_t bytes = 0;
  for (const auto& [name, value] : forwarded.pass_through) {
    bytes += name.size() + value.size();
    hal::expects(name == "sw8" || name == "x-tenant", "no other header passes");
    hal::expects(is_fit(value, options.pass_through_bytes_max), "what passes through is fit");
  }
  hal::expects(bytes <= options.pass_through_bytes_max, "all that passes through is bounded");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hal::Headers in = headers_of(fuzz::text_of(data, size));
  // Limits that inputs of libFuzzer's usual 4,096 bytes reach.
  const hal::wire::ExtractOptions options{.forward_headers = {"x-tenant"},
                                          .baggage_bytes_max = 128,
                                          .baggage_members_max = 8,
                                          .trace_state_bytes_max = 512,
                                          .trace_state_members_max = 8,
                                          .request_id_bytes_max = 64,
                                          .pass_through_bytes_max = 128};
  const auto got = hal::wire::extract(in, options);
  hal::expects(got.context.valid() || got.context.trace_id == hal::TraceId{},
               "half a context is none");
  check(got.forwarded, options);
  const hal::wire::InjectOptions all{.b3_single = true, .jaeger = true};
  hal::Headers out = in;  // as a caller who copies all headers
  hal::wire::inject(got.context, got.forwarded, all, out);
  for (const auto field : out) {
    if (field.name == "host" || field.name == "x-request-id" || field.name == "baggage" ||
        field.name == "sw8" || field.name == "x-tenant") {
      continue;  // where nothing can be forwarded they are the caller's own
    }
    hal::expects(hal::wire::valid_field_value(field.value), "nothing splits a header");
  }
  const auto again = hal::wire::extract(out, options);
  hal::expects(again.context.trace_id == got.context.trace_id &&
                   again.context.span_id == got.context.span_id,
               "all formats that go out say the same");
  hal::expects(!got.context.valid() || !again.rejected, "what goes out is well formed");

  const auto off = hal::wire::extract_request_id(in, options);
  hal::expects(off.forwarded.request_id == got.forwarded.request_id &&
                   off.trace_headers_seen == got.trace_headers_seen,
               "off mode sees the same without parsing");
  return 0;
}
