#include <hal/identity/jwks.hpp>

#include <hal/http/json.hpp>
#include <hal/identity/base64url.hpp>

namespace hal::identity {
namespace {

struct PublicJwk {
  std::string kty = "OKP";
  std::string crv = "Ed25519";
  std::string x{};
  std::string kid{};
  std::string use = "sig";
  std::string alg = "EdDSA";
};
BOOST_DESCRIBE_STRUCT(PublicJwk, (), (kty, crv, x, kid, use, alg))

struct JwkSet {
  std::vector<PublicJwk> keys{};
};
BOOST_DESCRIBE_STRUCT(JwkSet, (), (keys))

}  // namespace

std::string to_jwks(const Keys& keys, std::chrono::sys_seconds now) {
  JwkSet set;
  for (const VerificationKey& key : keys) {
    if (key.retires_at && *key.retires_at <= now) continue;
    set.keys.push_back({.x = base64url_encode(key.key), .kid = key.kid});
  }
  return http::json::to_string(set);
}

}  // namespace hal::identity
