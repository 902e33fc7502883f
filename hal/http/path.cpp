#include <hal/http/path.hpp>

#include <hal/wire/percent.hpp>
#include <hal/wire/query.hpp>

namespace hal::http {
namespace {

bool has_dot_segment(std::string_view path) {
  path.remove_prefix(1);
  for (;;) {
    const auto segment = next_segment(path);
    if (segment.text == "." || segment.text == "..") return true;
    if (segment.last) return false;
  }
}

std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const auto end = target.find_first_of("/?");
    return end == std::string_view::npos ? "/" : target.substr(end);
  }
  return target;
}

}  // namespace

Expected<Target> parse_target(std::string_view method, std::string_view target) {
  if (target == "*" && method == "OPTIONS") return Target{.path = target};
  const auto parts = wire::split_target(without_authority(target));
  if (!parts.path.starts_with('/')) return bad_request("the request target is no path");
  bool dots = false;
  if (parts.path.contains('%')) {
    const auto decoded = wire::percent_decode(parts.path);
    if (!decoded) return bad_request("path: " + decoded.error().message());
    dots = has_dot_segment(*decoded);
  } else {
    dots = parts.path.contains("/.") && has_dot_segment(parts.path);
  }
  if (dots) return bad_request("the path has a segment '.' or '..'");
  return Target{.path = parts.path, .query = parts.query};
}

bool segment_is(std::string_view encoded, std::string_view text) {
  if (!encoded.contains('%')) return encoded == text;
  return wire::percent_decode(encoded) == text;
}

}  // namespace hal::http
