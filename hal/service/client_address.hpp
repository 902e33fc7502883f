// Whose request it is, where proxies stand in between.
#pragma once

#include <hal/service/call.hpp>

#include <string>
#include <string_view>

namespace hal::service {

/// The address of the client: the n-th from the right of X-Forwarded-For where `trusted_proxies`
/// is n, for each proxy adds the peer it sees on the right; what stands further left anyone may
/// have written. 0: the peer. The peer, too, when the header has less than n values (the request
/// came past a proxy), or no address there. IPv4 or IPv6 without port and brackets, IPv4 within
/// IPv6 as IPv4. Precondition: a server's call.
[[nodiscard]] std::string client_address(const Call& call, unsigned trusted_proxies);

/// What limits by address count as one client: an IPv4 address, the /64 of an IPv6 one
/// ("2001:db8:1:2::/64"), since whoever has one address there has them all. Any other text is
/// itself.
[[nodiscard]] std::string client_network(std::string_view address);

}  // namespace hal::service
