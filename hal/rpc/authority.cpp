#include <hal/rpc/authority.hpp>

#include <hal/net/endpoint.hpp>
#include <hal/wire/percent.hpp>

#include <algorithm>

namespace hal::rpc {
namespace {

/// Without '@': HTTP/2 has no user names in it.
bool is_authority(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._~%!$&'()*+,;=:[]"}.contains(c);
  });
}

}  // namespace

std::string authority_of(std::string_view service) {
  if (is_authority(service)) return std::string{service};
  auto name = service.substr(service.rfind('/') + 1);
  name = name.substr(0, name.find(':'));
  return wire::percent_encode(name.empty() ? service : name);
}

std::string tls_host_of(std::string_view service) {
  const auto authority = authority_of(service);
  if (net::is_numeric_host(authority)) return authority;
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

}  // namespace hal::rpc
