// What HTTP/2 and TLS call a service, whose name may be of its registry's own kind.
#pragma once

#include <string>
#include <string_view>

namespace hal::rpc {

/// The value of ":authority" (RFC 9113 8.3.1), which peers refuse when a character of it is none of
/// an authority (RFC 3986 3.2). Such names stay as they are, port included; of others the last
/// segment of the path counts, without a port and percent-encoded: "k8s://devel/greeter:grpc" is
/// "greeter".
[[nodiscard]] std::string authority_of(std::string_view service);

/// What a certificate has to be for: authority_of without port and without brackets.
[[nodiscard]] std::string tls_host_of(std::string_view service);

}  // namespace hal::rpc
