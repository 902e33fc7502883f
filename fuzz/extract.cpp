// All headers of a request together: each line is a header, its first character says which.
#include "fuzz.hpp"

#include <hal/wire/trace_lists.hpp>

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

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const hal::Headers in = headers_of(fuzz::text_of(data, size));
  const hal::wire::ExtractOptions options{.forward_headers = {"x-tenant"}};
  const auto got = hal::wire::extract(in, options);
  hal::expects(got.context.valid() || got.context.trace_id == hal::TraceId{},
               "half a context is none");
  const hal::wire::InjectOptions all{.b3_single = true, .jaeger = true};
  hal::Headers out = in;  // as a caller who copies all headers
  hal::wire::inject(got.context, got.forwarded, all, out);
  for (const auto field : out) {
    if (field.name == "host" || field.name == "x-request-id" || field.name == "baggage" ||
        field.name == "sw8" || field.name == "x-tenant") {
      continue;  // where nothing can be forwarded they are the caller's own
    }
    hal::expects(!hal::wire::has_control(field.value), "nothing splits a header");
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
