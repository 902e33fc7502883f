// Whose request it is, where proxies stand in between.
#pragma once

#include <hal/service/call.hpp>

#include <string>
#include <string_view>

namespace hal::service {

/// The address of the client: the n-th from the right of X-Forwarded-For where `trusted_proxies`
/// is n, for each proxy adds the peer it sees on the right; what stands further left anyone may
/// have written. So with n above 0 nobody but those proxies may reach the port: whoever else does
/// chooses his address. 0: the peer. The peer, too, when the header has less than n values, or no
/// address there. IPv4 or IPv6 without port and brackets, IPv4 within IPv6 as IPv4. Precondition: a
/// server's call.
[[nodiscard]] std::string client_address(const Call& call, unsigned trusted_proxies);

/// What limits by address count as one client: an IPv4 address, the /64 of an IPv6 one
/// ("2001:db8:1:2::/64"), since whoever has one address there has them all. Any other text is
/// itself.
[[nodiscard]] std::string client_network(std::string_view address);

/// What one subscriber may have of such networks: the /48 of an IPv6 address (RFC 6177 2). Empty
/// for all else.
[[nodiscard]] std::string client_site(std::string_view address);

}  // namespace hal::service
