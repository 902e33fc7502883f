// The reading half of JSON: text into any described value.
#pragma once

#include <hal/base/status.hpp>

#include <cstddef>
#include <string_view>

namespace hal::http::json {

/// Limits and habits of reading. Requests come from anyone: each growth has a bound.
struct ParseOptions {
  /// A longer text is refused unread.
  std::size_t size_bytes_max = std::size_t{1} << 20;
  /// Arrays and objects inside each other; `[[1]]` is 2 deep.
  std::size_t depth_max = 32;
  /// Skip fields that the struct lacks (their values are still checked as JSON) instead of refusing
  /// them: for answers of services that may be newer than this one.
  bool allow_unknown_fields = false;
};

namespace detail {

struct Type;

/// Reads `text` into `value`, an object of `type`. After an error the value is partly filled.
[[nodiscard]] Status read(std::string_view text, const Type& type, void* value,
                          const ParseOptions& options);

}  // namespace detail
}  // namespace hal::http::json
