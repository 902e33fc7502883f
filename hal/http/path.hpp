// Request paths: which are accepted, and how they are cut.
#pragma once

#include <hal/base/status.hpp>
#include <hal/http/error.hpp>

#include <string_view>

namespace hal::http {

/// A request target without scheme and authority, in its parts. Views.
struct Target {
  std::string_view path{};
  std::string_view query{};
};

/// Origin form ("/a?b"), absolute form ("http://host/a", RFC 9112 3.2.2) and, for OPTIONS, "*".
/// 400 for other targets, for a broken escape or %00, and for a path with a segment "." or "..",
/// encoded or not: clients resolve them (RFC 3986 5.2.4), and what is left is an attempt to leave
/// a folder. Everything else stays as it is: "//", a slash at the end, the case.
[[nodiscard]] Expected<Target> parse_target(std::string_view method, std::string_view target);

/// The next segment of `rest`, which then begins behind the '/' after it; `last` when there was
/// none.
struct Segment {
  std::string_view text{};
  bool last = true;
};
[[nodiscard]] constexpr Segment next_segment(std::string_view& rest) noexcept {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return {.text = std::exchange(rest, {}), .last = true};
  const auto text = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return {.text = text, .last = false};
}

/// Does an encoded segment stand for this text?
[[nodiscard]] bool segment_is(std::string_view encoded, std::string_view text);

}  // namespace hal::http
