#include "fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = hal::wire::parse_grpc_trace_bin(fuzz::text_of(data, size));
  fuzz::check(parsed);
  if (!parsed.context.valid()) return 0;
  const auto again =
      hal::wire::parse_grpc_trace_bin(hal::wire::write_grpc_trace_bin(parsed.context));
  hal::expects(again.context == parsed.context && !again.rejected, "what is written is read alike");
  return 0;
}
