// What the fuzz targets share.
#pragma once

#include <hal/base/contract.hpp>
#include <hal/wire/trace_headers.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A parser gives ids that are both valid or both zero, and a reason if there are none and no
/// decision either.
inline void check(const hal::wire::ParsedContext& parsed) {
  const auto& context = parsed.context;
  hal::expects(
      context.valid() || (context.trace_id == hal::TraceId{} && context.span_id == hal::SpanId{}),
      "half a context is none");
  hal::expects(context.valid() || parsed.rejected || context.sampling != hal::Sampling::kDeferred,
               "what says nothing is refused");
}

}  // namespace fuzz

/// libFuzzer's entry point.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
