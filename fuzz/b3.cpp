#include "fuzz.hpp"

#include <array>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const auto single = hal::wire::parse_b3_single(text);
  fuzz::check(single);
  if (single.context.valid()) {
    const auto again = hal::wire::parse_b3_single(hal::wire::write_b3_single(single.context));
    hal::expects(again.context == single.context, "what is written is read alike");
  }
  // The five headers, one a line.
  std::array<std::string_view, 5> fields;
  for (auto& field : fields) {
    field = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
  }
  const auto multi = hal::wire::parse_b3_multi({.trace_id = fields[0],
                                                .span_id = fields[1],
                                                .parent_span_id = fields[2],
                                                .sampled = fields[3],
                                                .flags = fields[4]});
  hal::expects(multi.context.valid() || multi.context.trace_id == hal::TraceId{},
               "half a context is none");
  return 0;
}
