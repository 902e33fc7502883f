// What may stand in a header line (RFC 9110 5.5, 5.6.2): shared by all HTTP versions.
#pragma once

#include <string_view>

#include <hal/base/headers.hpp>
#include <hal/base/status.hpp>

namespace hal::wire {

/// A token: not empty, letters, digits and "!#$%&'*+-.^_`|~".
[[nodiscard]] bool valid_token(std::string_view text) noexcept;

/// No control character but tab. Bytes above 0x7f pass, as obs-text does.
[[nodiscard]] bool valid_field_value(std::string_view value) noexcept;

/// kInvalidArgument that names the field, unless name (a ':' before it allowed) and value are
/// fit to be sent: a CR or LF in them would let a caller write headers of its own.
[[nodiscard]] Result<> check_field(const Headers::Field& field);

/// Fields about one hop that the protocol code writes itself (RFC 9110 7.6.1): Connection,
/// Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade. Without case.
[[nodiscard]] bool is_hop_field(std::string_view name) noexcept;

}  // namespace hal::wire
