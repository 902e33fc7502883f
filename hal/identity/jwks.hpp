// JWK Sets (RFC 7517 5): keys for verifiers of others, at /.well-known/jwks.json.
#pragma once

#include <hal/identity/auth_source.hpp>

#include <string>

namespace hal::identity {

/// {"keys":[{"kty":"OKP","crv":"Ed25519","x":"...","kid":"...","use":"sig","alg":"EdDSA"}]} of the
/// keys that have not retired at `now` (RFC 8037 2). Public parts only.
[[nodiscard]] std::string to_jwks(const Keys& keys, std::chrono::sys_seconds now);

}  // namespace hal::identity
