// Tokens: 'R' and any text as a token; 'S', a header, a new line, a payload: signed as they are.
#include "fuzz.hpp"

#include <hal/identity/base64url.hpp>
#include <hal/identity/jwt.hpp>
#include <hal/identity/verifier.hpp>
#include <hal/service/layers/authenticate/authenticate.hpp>

namespace {

namespace identity = hal::identity;

const identity::Ed25519KeyPair& key() {
  static const auto pair = identity::Ed25519KeyPair::from_seed(
      std::array<std::uint8_t, identity::Ed25519KeyPair::kSeedBytes>{});
  return pair;
}

void check(std::string_view token, bool is_signed) {
  const auto jwt = identity::Jwt::parse(token);
  if (!jwt) return;
  hal::expects(token.size() <= identity::kTokenBytesMax, "a token has a limit");
  hal::expects(!jwt->kid().empty() && jwt->kid().size() <= identity::kKidBytesMax,
               "a key has a name of limited size");
  const auto claims = jwt->claims(key().public_key());
  hal::expects(is_signed || !claims, "nobody signs without the key");
  if (!claims) return;
  // Whatever the numbers are, no sum overflows.
  (void)identity::check_claims(*claims, {.issuer = claims->iss, .audience = claims->aud},
                               std::chrono::sys_seconds{std::chrono::seconds{1'800'000'000}});
  // Escapes may make it longer than what came.
  if (token.size() > identity::kTokenBytesMax / 8) return;
  const auto again = identity::sign_jwt(*claims, key(), jwt->kid());
  const auto read = identity::Jwt::parse(again);
  hal::expects(read && read->kid() == jwt->kid(), "what is written can be read");
  const auto same = read->claims(key().public_key());
  hal::expects(same && same->sub == claims->sub && same->jti == claims->jti &&
                   same->exp == claims->exp && same->role == claims->role,
               "what is written is read alike");
}

void check_header(std::string_view value) {
  hal::Headers headers;
  headers.add("authorization", value);
  const auto token = hal::layers::bearer_token(headers);
  hal::expects(!token || (value.contains(*token) && !token->starts_with(' ')),
               "a token is a part of its header");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  if (text.empty()) return 0;
  const char kind = text.front();
  text.remove_prefix(1);
  check_header(text);
  if (kind == 'R') {
    check(text, false);
    return 0;
  }
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  std::string token = identity::base64url_encode(line) + '.' + identity::base64url_encode(text);
  token += '.' + identity::base64url_encode(key().sign(token));
  check(token, true);
  return 0;
}
