#include <hal/wire/url.hpp>

#include <fmt/format.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <hal/base/ascii.hpp>
#include <hal/wire/query.hpp>

#include <algorithm>

namespace hal::wire {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::size_t kShownCharsMax = 200;

std::unexpected<Status> bad(std::string_view text, std::string_view why) {
  return error(Code::kInvalidArgument, fmt::format("'{}': {}", shown_url(text), why));
}

/// Boost.URL 1.81 takes what follows a port's digits for a path.
bool starts_with_slash_or_is_empty(boost::urls::string_view path) {
  return path.empty() || path.front() == '/';
}

/// Whether it is beyond doubt where user and password would be.
bool has_clear_authority(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  return parsed && parsed->has_authority() && starts_with_slash_or_is_empty(parsed->encoded_path());
}

std::string without_user_info(std::string_view text) {
  const auto slashes = text.find("//");
  const auto begin = slashes == text.npos ? 0 : slashes + 2;
  const auto end = has_clear_authority(text) ? text.find_first_of("/?#", begin) : text.npos;
  const auto at = text.substr(0, end).rfind('@');
  if (at == text.npos || at < begin) return std::string{text};
  return fmt::format("{}{}{}", text.substr(0, begin), kHidden, text.substr(at));
}

/// Names stay: they tell what was asked for. A part without a name may be anything.
std::string without_values(std::string_view query) {
  std::string shown;
  for (bool first = true; first || !query.empty(); first = false) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (!first) shown += '&';
    if (const auto equals = part.find('='); equals != part.npos) {
      shown.append(part.substr(0, equals + 1));
    }
    if (!part.empty()) shown += kHidden;
  }
  return shown;
}

std::string bracketed(std::string_view host) {
  return host.contains(':') ? fmt::format("[{}]", host) : std::string{host};
}

bool host_characters(std::string_view host) {
  for (const char c : host) {
    const char lower = ascii_lower(c);
    const bool letter = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '.' && c != '_') return false;
  }
  return !host.empty();
}

}  // namespace

std::string Url::authority() const {
  return has_port ? fmt::format("{}:{}", bracketed(host), port) : bracketed(host);
}

std::string Url::target() const { return query.empty() ? path : fmt::format("{}?{}", path, query); }

Result<Url> parse_url(std::string_view text) {
  if (!text.contains("://")) return bad(text, "no URL: it must begin with http:// or https://");
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return bad(text, "no valid URL (RFC 3986)");
  Url url;
  url.scheme = ascii_lower(std::string_view{parsed->scheme().data(), parsed->scheme().size()});
  if (url.scheme != "http" && url.scheme != "https") {
    return bad(text, "the scheme must be http or https");
  }
  if (parsed->has_userinfo()) return bad(text, "a user or password in a URL is not supported");
  if (parsed->has_fragment()) return bad(text, "a fragment (#) is not sent to servers");
  const auto host = parsed->encoded_host();
  url.host.assign(host.data(), host.size());
  if (url.host.starts_with('[')) {
    url.host = url.host.substr(1, url.host.size() - 2);
  } else if (!host_characters(url.host)) {
    return bad(text, url.host.empty() ? "no host" : "a host is letters, digits, '-', '.' and '_'");
  }
  url.port = url.scheme == "http" ? 80 : 443;
  const auto port = parsed->port();
  if (!port.empty()) {
    const auto number = parse_int<std::uint16_t>(std::string_view{port.data(), port.size()});
    if (!number || *number == 0) return bad(text, "the port must be 1-65535");
    url.port = *number;
    url.has_port = true;
  }
  const auto path = parsed->encoded_path();
  if (!starts_with_slash_or_is_empty(path)) return bad(text, "no valid URL: see its port");
  url.path = path.empty() ? "/" : std::string{path.data(), path.size()};
  const auto query = parsed->encoded_query();
  url.query.assign(query.data(), query.size());
  return url;
}

std::string shown_url(std::string_view text) {
  std::string whole = without_user_info(text);
  std::string_view rest = whole;
  const auto fragment = rest.find('#');
  rest = rest.substr(0, fragment);
  const auto [path, query] = split_target(rest);
  std::string shown{path};
  if (path.size() < rest.size()) shown.append("?").append(without_values(query));
  if (fragment != whole.npos) shown.append("#").append(kHidden);
  std::ranges::replace_if(shown, [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  if (shown.size() > kShownCharsMax) shown.replace(kShownCharsMax, shown.npos, "...");
  return shown;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return bad(text, "no port: host:port is needed");
  const auto port = parse_int<std::uint16_t>(text.substr(colon + 1));
  if (!port) return bad(text, "the port must be 0-65535");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
    if (!host.contains(':')) return bad(text, "brackets are for IPv6 addresses");
  } else if (host.contains(':')) {
    return bad(text, "an IPv6 address needs brackets: [::1]:80");
  } else if (!host_characters(host)) {
    return bad(text, host.empty() ? "no host" : "a host is letters, digits, '-', '.' and '_'");
  }
  return HostPort{.host = std::string{host}, .port = *port};
}

}  // namespace hal::wire
