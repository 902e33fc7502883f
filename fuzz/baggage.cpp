#include "fuzz.hpp"

#include <hal/wire/field.hpp>
#include <hal/wire/trace_lists.hpp>

#include <algorithm>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr hal::wire::ListLimits kLimits{.members_max = 16, .bytes_max = 128};
  const auto list = hal::wire::bound_baggage(fuzz::text_of(data, size), kLimits);
  hal::expects(list.size() <= kLimits.bytes_max, "the bytes are bounded");
  hal::expects(std::ranges::count(list, ',') < 16, "the members are bounded");
  hal::expects(hal::wire::valid_field_value(list), "nothing splits a header");
  hal::expects(hal::wire::bound_baggage(list, kLimits) == list, "a bounded list stays");
  return 0;
}
