#include <hal/identity/jwt.hpp>

#include <hal/base/contract.hpp>
#include <hal/http/json.hpp>
#include <hal/identity/base64url.hpp>

namespace hal::identity {
namespace {

namespace json = http::json;

struct Header {
  std::string alg{};
  std::string kid{};
  std::string typ{};
};
BOOST_DESCRIBE_STRUCT(Header, (), (alg, kid, typ))

constexpr std::string_view kAlgorithm = "EdDSA";
constexpr std::string_view kType = "JWT";
/// Flat objects: a nested value of a claim that we do not read may be a little deeper.
constexpr std::size_t kDepthMax = 4;

}  // namespace

std::unexpected<Status> malformed_token() {
  return error(Code::kUnauthenticated, "the token is malformed");
}
std::unexpected<Status> invalid_token() {
  return error(Code::kUnauthenticated, "the token is not valid");
}

std::string sign_jwt(const Claims& claims, const Ed25519KeyPair& key, std::string_view kid) {
  const Header header{
      .alg = std::string{kAlgorithm}, .kid = std::string{kid}, .typ = std::string{kType}};
  std::string token = base64url_encode(json::to_string(header));
  token += '.';
  token += base64url_encode(json::to_string(claims));
  const auto signature = key.sign(token);
  token += '.';
  token += base64url_encode(signature);
  expects(token.size() <= kTokenBytesMax, "a token has at most kTokenBytesMax");
  return token;
}

Result<Jwt> Jwt::parse(std::string_view token) {
  if (token.size() > kTokenBytesMax) return malformed_token();
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return malformed_token();
  Jwt jwt;
  jwt.signed_ = token.substr(0, last);
  const auto signature =
      base64url_decode_array<std::tuple_size_v<Ed25519Signature>>(token.substr(last + 1));
  const auto header = base64url_decode(token.substr(0, first));
  // A third dot is inside of the payload, where it is no base64url.
  auto payload = base64url_decode(jwt.signed_.substr(first + 1));
  if (!signature || !header || !payload) return malformed_token();
  jwt.signature_ = *signature;
  jwt.payload_ = std::move(*payload);
  // Unknown members are refused: "crit" asks for what we cannot do, "jwk" and "x5c" bring keys.
  auto fields = json::parse<Header>(*header, {.depth_max = 1});
  if (!fields || fields->alg != kAlgorithm || fields->typ != kType) return malformed_token();
  if (fields->kid.empty() || fields->kid.size() > kKidBytesMax) return malformed_token();
  jwt.kid_ = std::move(fields->kid);
  return jwt;
}

Result<Claims> Jwt::claims(const Ed25519PublicKey& key) const {
  if (!verify(signed_, signature_, key)) return invalid_token();
  auto claims =
      json::parse<Claims>(payload_, {.depth_max = kDepthMax, .allow_unknown_fields = true});
  if (!claims) return malformed_token();
  return std::move(*claims);
}

}  // namespace hal::identity
