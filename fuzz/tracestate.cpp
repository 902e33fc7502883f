#include "fuzz.hpp"

#include <hal/wire/field.hpp>
#include <hal/wire/trace_lists.hpp>

#include <algorithm>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr hal::wire::ListLimits kLimits{.members_max = 32, .bytes_max = 512};
  const auto list = hal::wire::bound_trace_state(fuzz::text_of(data, size), kLimits);
  hal::expects(list.size() <= kLimits.bytes_max, "the bytes are bounded");
  hal::expects(std::ranges::count(list, ',') < 32, "the members are bounded");
  hal::expects(hal::wire::valid_field_value(list), "nothing splits a header");
  hal::expects(hal::wire::bound_trace_state(list, kLimits) == list, "a bounded list stays");
  return 0;
}
