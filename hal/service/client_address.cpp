#include <hal/service/client_address.hpp>

#include <hal/base/ascii.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>

namespace hal::service {
namespace {

using V6 = std::array<std::uint8_t, 16>;

std::string v6_text(const V6& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
}

bool is_v4(const std::string& text) {
  in_addr ignored{};
  return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1;
}

std::optional<V6> parse_v6(const std::string& text) {
  V6 bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  return bytes;
}

/// Without the port and brackets that some proxies write: "[::1]:80", "192.0.2.1:80".
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
  return std::ranges::count(text, ':') == 1 ? text.substr(0, text.find(':')) : text;
}

/// In its one spelling; nullopt when it is no address.
std::optional<std::string> canonical(std::string_view written) {
  const std::string text{without_port(ascii_trim(written))};
  if (is_v4(text)) return text;
  const auto bytes = parse_v6(text);
  if (!bytes) return std::nullopt;
  constexpr std::string_view kMapped = "::ffff:";
  std::string spelled = v6_text(*bytes);
  if (spelled.starts_with(kMapped) && spelled.contains('.')) spelled.erase(0, kMapped.size());
  return spelled;
}

/// The n-th value from the right, n from 1; nullopt when there are less.
std::optional<std::string_view> from_the_right(std::string_view list, unsigned n) {
  for (;; --n) {
    const auto comma = list.rfind(',');
    if (n == 1) return list.substr(comma == std::string_view::npos ? 0 : comma + 1);
    if (comma == std::string_view::npos) return std::nullopt;
    list = list.substr(0, comma);
  }
}

/// "2001:db8::/48" of an IPv6 address; `bits` is a multiple of 8.
std::optional<std::string> v6_prefix(std::string_view address, unsigned bits) {
  auto bytes = parse_v6(std::string{address});
  if (!bytes) return std::nullopt;
  std::fill(bytes->begin() + bits / 8, bytes->end(), std::uint8_t{0});
  return v6_text(*bytes) + "/" + std::to_string(bits);
}

}  // namespace

std::string client_address(const Call& call, unsigned trusted_proxies) {
  if (trusted_proxies > 0 && call.request_headers != nullptr) {
    const std::string forwarded = call.request_headers->joined("x-forwarded-for").value_or("");
    if (const auto value = from_the_right(forwarded, trusted_proxies)) {
      if (auto address = canonical(*value)) return *std::move(address);
    }
  }
  return canonical(call.peer_host).value_or(std::string{call.peer_host});
}

std::string client_network(std::string_view address) {
  return v6_prefix(address, 64).value_or(std::string{address});
}

std::string client_site(std::string_view address) { return v6_prefix(address, 48).value_or(""); }

}  // namespace hal::service
