#include <hal/wire/url.hpp>

#include <fmt/format.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <hal/base/ascii.hpp>

namespace hal::wire {
namespace {

std::unexpected<Status> bad(std::string_view text, std::string_view why) {
  std::string shown;
  for (const char c : text.substr(0, 200)) shown += (c >= 0x20 && c < 0x7f) ? c : '?';
  return error(Code::kInvalidArgument, fmt::format("'{}': {}", shown, why));
}

/// With its password, if it has one, hidden: the text goes into an error message.
std::string without_user_info(std::string_view text) {
  const auto begin = text.find("//");
  const auto end = begin == text.npos ? text.npos : text.find_first_of("/?#", begin + 2);
  const auto at = text.substr(0, end).rfind('@');
  if (begin == text.npos || at == text.npos || at < begin) return std::string{text};
  return fmt::format("{}***{}", text.substr(0, begin + 2), text.substr(at));
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
  const std::string shown = without_user_info(text);
  if (!text.contains("://")) return bad(shown, "no URL: it must begin with http:// or https://");
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return bad(shown, "no valid URL (RFC 3986)");
  Url url;
  url.scheme = ascii_lower(std::string_view{parsed->scheme().data(), parsed->scheme().size()});
  if (url.scheme != "http" && url.scheme != "https") {
    return bad(shown, "the scheme must be http or https");
  }
  if (parsed->has_userinfo()) return bad(shown, "a user or password in a URL is not supported");
  if (parsed->has_fragment()) return bad(shown, "a fragment (#) is not sent to servers");
  const auto host = parsed->encoded_host();
  url.host.assign(host.data(), host.size());
  if (url.host.starts_with('[')) {
    url.host = url.host.substr(1, url.host.size() - 2);
  } else if (!host_characters(url.host)) {
    return bad(shown, url.host.empty() ? "no host" : "a host is letters, digits, '-', '.' and '_'");
  }
  url.port = url.scheme == "http" ? 80 : 443;
  const auto port = parsed->port();
  if (!port.empty()) {
    const auto number = parse_int<std::uint16_t>(std::string_view{port.data(), port.size()});
    if (!number || *number == 0) return bad(shown, "the port must be 1-65535");
    url.port = *number;
    url.has_port = true;
  }
  const auto path = parsed->encoded_path();
  // Boost.URL 1.81 takes what follows a port's digits for a path.
  if (!path.empty() && path.front() != '/') return bad(shown, "no valid URL: see its port");
  url.path = path.empty() ? "/" : std::string{path.data(), path.size()};
  const auto query = parsed->encoded_query();
  url.query.assign(query.data(), query.size());
  return url;
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
