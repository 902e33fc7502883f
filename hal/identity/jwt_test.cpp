#include <hal/identity/jwt.hpp>

#include <gtest/gtest.h>

#include <hal/identity/base64url.hpp>
#include <hal/identity/testing/test_issuer.hpp>

#include <fmt/format.h>

namespace hal::identity {
namespace {

using testing::TestIssuer;

constexpr std::string_view kMalformed = "UNAUTHENTICATED: the token is malformed";
constexpr std::string_view kInvalid = "UNAUTHENTICATED: the token is not valid";

/// "<kid>", or the error.
std::string kid_of(std::string_view token) {
  const auto jwt = Jwt::parse(token);
  return jwt ? jwt->kid() : jwt.error().to_string();
}

/// "<sub>", or the error.
std::string subject_of(std::string_view token, const Ed25519PublicKey& key) {
  const auto jwt = Jwt::parse(token);
  if (!jwt) return jwt.error().to_string();
  const auto claims = jwt->claims(key);
  return claims ? claims->sub : claims.error().to_string();
}

class JwtTest : public ::testing::Test {
 protected:
  /// A token of these parts, signed as they are.
  [[nodiscard]] std::string signed_token(std::string_view header, std::string_view payload) const {
    const std::string text =
        fmt::format("{}.{}", base64url_encode(header), base64url_encode(payload));
    return fmt::format("{}.{}", text, base64url_encode(issuer_.pair.sign(text)));
  }
  [[nodiscard]] std::string with_header(std::string_view header) const {
    return signed_token(header, kPayload);
  }
  [[nodiscard]] std::string with_payload(std::string_view payload) const {
    return signed_token(R"({"alg":"EdDSA","kid":"k","typ":"JWT"})", payload);
  }
  [[nodiscard]] std::string subject(std::string_view token) const {
    return subject_of(token, issuer_.pair.public_key());
  }

  static constexpr std::string_view kPayload =
      R"({"iss":"i","aud":"a","sub":"jo","jti":"1","iat":1,"nbf":2,"exp":3,"role":"user"})";
  TestIssuer issuer_;
};

TEST_F(JwtTest, IsReadAsItWasWritten) {
  const Claims claims{.iss = "i",
                      .aud = "a",
                      .sub = "Grüße \"\\\x01",
                      .jti = "1",
                      .iat = 1,
                      .nbf = -2,
                      .exp = 9'223'372'036'854'775'807,
                      .role = ""};
  const std::string token = sign_jwt(claims, issuer_.pair, "key-1");
  const auto jwt = Jwt::parse(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->kid(), "key-1");
  const auto read = jwt->claims(issuer_.pair.public_key());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->iss, "i");
  EXPECT_EQ(read->aud, "a");
  EXPECT_EQ(read->sub, claims.sub);
  EXPECT_EQ(read->jti, "1");
  EXPECT_EQ(read->iat, 1);
  EXPECT_EQ(read->nbf, -2);
  EXPECT_EQ(read->exp, claims.exp);
  EXPECT_EQ(read->role, "");
}

TEST_F(JwtTest, HasTheFormOfRfc7515) {
  const std::string token = sign_jwt({.sub = "jo"}, issuer_.pair, "k");
  // {"alg":"EdDSA","kid":"k","typ":"JWT"}
  EXPECT_TRUE(token.starts_with("eyJhbGciOiJFZERTQSIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ."));
  EXPECT_EQ(std::ranges::count(token, '.'), 2);
  EXPECT_EQ(token.size() - token.rfind('.') - 1, 86U);
}

TEST_F(JwtTest, IsTheTokenThatOthersMake) {
  // PyJWT 2.15's, with the key of RFC 8037 A.1: signatures of Ed25519 depend on nothing else.
  constexpr std::string_view kTheirs =
      "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0"
      "eXAiOiJKV1QifQ.eyJpc3MiOiJoYWw5MDAwLWF1dGgiLCJhdWQiOiJoYWw5MDAwIiwic3ViIjoiam8iLCJqdGkiOiJp"
      "ZC0xIiwiaWF0IjoxODAwMDAwMDAwLCJuYmYiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDYwMCwicm9sZSI6InVzZXIi"
      "fQ.2VSSvRbKQTFMc3Fwoz2YTSIJ87mFSHqBddefwdIvEgacPXstkcjzPaRHwrbwqwi1ElSu9uJHaabwjuzbVbXeBw";
  const auto pair = Ed25519KeyPair::from_seed(
      *base64url_decode_array<32>("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
  EXPECT_EQ(subject_of(kTheirs, pair.public_key()), "jo");
  EXPECT_EQ(sign_jwt(issuer_.claims("jo", "user"), pair, thumbprint(pair.public_key())), kTheirs);
}

TEST_F(JwtTest, OneOfOthersIsReadToo) {
  // Another order of members, white space, escapes, claims that we do not know.
  EXPECT_EQ(kid_of(with_header(R"( {"typ":"JWT", "kid":"\u006b", "alg":"EdDSA"} )")), "k");
  EXPECT_EQ(subject(with_payload(R"({"x":[{"y":{}}],"role":"user","exp":3,"nbf":2,"iat":1,
                                     "jti":"1","sub":"\u006ao","aud":"a","iss":"i","x":null})")),
            "jo");
}

TEST_F(JwtTest, AHeaderSaysOneThing) {
  for (const char* header : {
           R"({"alg":"none","kid":"k","typ":"JWT"})",
           R"({"alg":"None","kid":"k","typ":"JWT"})",
           R"({"alg":"","kid":"k","typ":"JWT"})",
           R"({"alg":"HS256","kid":"k","typ":"JWT"})",
           R"({"alg":"RS256","kid":"k","typ":"JWT"})",
           R"({"alg":"ES256","kid":"k","typ":"JWT"})",
           R"({"alg":"Ed25519","kid":"k","typ":"JWT"})",
           R"({"alg":"eddsa","kid":"k","typ":"JWT"})",
           R"({"alg":"EdDSA ","kid":"k","typ":"JWT"})",
           R"({"alg":"EdDSA\u0000","kid":"k","typ":"JWT"})",
           R"({"alg":null,"kid":"k","typ":"JWT"})",
           R"({"alg":["EdDSA"],"kid":"k","typ":"JWT"})",
           R"({"alg":{"":"EdDSA"},"kid":"k","typ":"JWT"})",
           R"({"alg":"none","alg":"EdDSA","kid":"k","typ":"JWT"})",
           R"({"alg":"EdDSA","alg":"EdDSA","kid":"k","typ":"JWT"})",
           R"({"alg":"EdDSA","al\u0067":"none","kid":"k","typ":"JWT"})",
           R"({"ALG":"EdDSA","kid":"k","typ":"JWT"})",
           R"({"kid":"k","typ":"JWT"})",
           R"({"alg":"EdDSA","typ":"JWT"})",
           R"({"alg":"EdDSA","kid":"k"})",
           R"({"alg":"EdDSA","kid":"","typ":"JWT"})",
           R"({"alg":"EdDSA","kid":7,"typ":"JWT"})",
           R"({"alg":"EdDSA","kid":"k","typ":"jwt"})",
           R"({"alg":"EdDSA","kid":"k","typ":"at+jwt"})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT","crit":["exp"]})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT","b64":false,"crit":["b64"]})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT","jwk":{"kty":"OKP"}})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT","jku":"http://127.0.0.1/"})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT","x5c":[]})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT"}{})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT",})",
           R"({"alg":"EdDSA","kid":"k","typ":"JWT")",
           R"([{"alg":"EdDSA","kid":"k","typ":"JWT"}])",
           R"("EdDSA")",
           "null",
           "{}",
           "",
           "\xef\xbb\xbf{\"alg\":\"EdDSA\",\"kid\":\"k\",\"typ\":\"JWT\"}",
           "{\"alg\":\"EdDSA\",\"kid\":\"\xff\",\"typ\":\"JWT\"}",
       }) {
    EXPECT_EQ(kid_of(with_header(header)), kMalformed) << header;
  }
  const std::string longest(kKidBytesMax, 'k');
  constexpr std::string_view kFormat = R"({{"alg":"EdDSA","kid":"{}","typ":"JWT"}})";
  EXPECT_EQ(kid_of(with_header(fmt::format(kFormat, longest))), longest);
  EXPECT_EQ(kid_of(with_header(fmt::format(kFormat, longest + "k"))), kMalformed);
}

TEST_F(JwtTest, ClaimsHaveTheirTypes) {
  EXPECT_EQ(subject(with_payload(kPayload)), "jo");
  const auto with = [](std::string_view from, std::string_view to) {
    std::string payload{kPayload};
    return payload.replace(payload.find(from), from.size(), to);
  };
  for (const auto& payload : {
           with("\"exp\":3", "\"exp\":\"3\""),
           with("\"exp\":3", "\"exp\":3.5"),
           with("\"exp\":3", "\"exp\":3e9"),
           with("\"exp\":3", "\"exp\":1e400"),
           with("\"exp\":3", "\"exp\":9223372036854775808"),
           with("\"exp\":3", "\"exp\":-9223372036854775809"),
           with("\"exp\":3", "\"exp\":" + std::string(1000, '9')),
           with("\"exp\":3", "\"exp\":null"),
           with("\"exp\":3", "\"exp\":true"),
           with("\"exp\":3", "\"exp\":[3]"),
           with("\"exp\":3", "\"exp\":{}"),
           with("\"exp\":3", "\"exp\":03"),
           with("\"exp\":3", "\"exp\":NaN"),
           with("\"exp\":3", "\"exp\":1,\"exp\":3"),
           with("\"exp\":3", "\"exp\":3,\"e\\u0078p\":4"),
           with("\"exp\":3", "\"EXP\":3"),
           with("\"exp\":3,", ""),
           with("\"aud\":\"a\"", "\"aud\":[\"a\"]"),
           with("\"sub\":\"jo\"", "\"sub\":\"jo\",\"sub\":\"root\""),
           with("\"sub\":\"jo\"", "\"sub\":7"),
           with("\"sub\":\"jo\"", "\"sub\":\"\xff\""),
           with("\"role\":\"user\"", "\"role\":[\"admin\"]"),
           with("{", "[{") + "]",
           with("{", "{\"x\":[[[[[[]]]]]],"),
           with("}", ""),
           std::string{kPayload} + std::string{kPayload},
           std::string{"null"},
           std::string{},
           std::string(1000, '['),
       }) {
    EXPECT_EQ(subject(with_payload(payload)), kMalformed) << payload;
  }
}

TEST_F(JwtTest, NothingIsReadBeforeTheSignatureFits) {
  const std::string token = with_payload(kPayload);
  EXPECT_EQ(subject_of(token, Ed25519KeyPair::generate().public_key()), kInvalid);
  // What is no JSON is not told from what is, unless the key has signed it.
  const std::string other = with_payload("{");
  EXPECT_EQ(subject_of(other, Ed25519KeyPair::generate().public_key()), kInvalid);
  EXPECT_EQ(subject(other), kMalformed);
}

TEST_F(JwtTest, HasThreePartsOfBase64Url) {
  const std::string token = with_payload(kPayload);
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  const std::string header = token.substr(0, first);
  const std::string payload = token.substr(first + 1, last - first - 1);
  const std::string signature = token.substr(last + 1);
  const std::string other_end{signature.substr(0, 85) + (signature[85] == 'g' ? "h" : "i")};
  for (const std::string& wrong : {
           std::string{},
           std::string{"."},
           std::string{".."},
           std::string{"..."},
           header,
           header + "." + payload,
           header + "." + payload + ".",
           "." + payload + "." + signature,
           header + ".." + signature,
           header + payload + "." + signature,
           header + "." + payload + "." + signature + ".",
           "." + token,
           header + "." + payload + "." + payload + "." + signature,
           header + "." + payload + "." + signature + "=",
           header + "." + payload + "." + signature + "A",
           header + "." + payload + "." + signature.substr(0, 85),
           header + "." + payload + "." + other_end,
           header + "=." + payload + "." + signature,
           header + "." + payload + "=." + signature,
           " " + token,
           token + " ",
           token + "\n",
           header + ".\n" + payload + "." + signature,
           header + "." + payload + "\0." + signature,
           token + std::string(kTokenBytesMax, 'A'),
       }) {
    EXPECT_NE(subject(wrong), "jo") << wrong;
  }
  // An empty payload is base64url, and no claims.
  EXPECT_EQ(subject(header + ".." + signature), kInvalid);
}

TEST_F(JwtTest, HasALimit) {
  const std::string longest(2048, 'x');
  const auto token = sign_jwt({.sub = longest}, issuer_.pair, "k");
  EXPECT_EQ(subject(token), longest);
  EXPECT_DEATH((void)sign_jwt({.sub = std::string(4096, 'x')}, issuer_.pair, "k"),
               "kTokenBytesMax");
}

}  // namespace
}  // namespace hal::identity
