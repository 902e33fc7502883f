#include "fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = hal::wire::parse_traceparent(fuzz::text_of(data, size));
  fuzz::check(parsed);
  if (!parsed.context.valid()) return 0;
  const auto written = hal::wire::write_traceparent(parsed.context);
  const auto again = hal::wire::parse_traceparent({written.data(), written.size()});
  hal::expects(again.context == parsed.context && !again.rejected, "what is written is read alike");
  return 0;
}
