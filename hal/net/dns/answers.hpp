// Answers of DNS servers, read.
#pragma once

#include <hal/net/dns/client.hpp>

#include <span>

struct ares_addrinfo;

namespace hal::net::dns {

/// kPreference: as c-ares has sorted them.
[[nodiscard]] Addresses addresses_of(const ares_addrinfo& info, Order order);

/// The SRV records of a whole message (RFC 1035 4, RFC 2782), in the order of their priority.
/// INVALID_ARGUMENT: it is none; NOT_FOUND: it has no such record, or one whose target is "." (the
/// service is decidedly not available).
[[nodiscard]] Result<Targets> targets_of(std::span<const unsigned char> message);

}  // namespace hal::net::dns
