// tracestate and baggage: comma-separated lists that are checked and bounded, not understood.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hal::wire {

struct ListLimits {
  std::size_t members_max;
  std::size_t bytes_max;
};

/// True when the list has no member: empty, or spaces and commas only.
[[nodiscard]] bool is_empty_list(std::string_view list) noexcept;

/// The members joined with "," without spaces around them and without empty ones. The empty text
/// when one member breaks the grammar or there are more than `members_max`: a tracestate is
/// discarded as a whole (W3C Trace Context 3.3.1). Of a key that comes twice the leftmost member,
/// which is the newest, stays. Keys follow level 1's stricter tenant@system form. Over `bytes_max`,
/// members of more than 128 characters go first, then those on the right (3.3.1.5).
[[nodiscard]] std::string bound_trace_state(std::string_view list, ListLimits limits);

/// The members as they came, in their order, without empty ones and without those with control
/// characters. A member that would pass a limit is left out; none is ever cut (W3C Baggage 3.3.2).
[[nodiscard]] std::string bound_baggage(std::string_view list, ListLimits limits);

}  // namespace hal::wire
