#include <hal/identity/verifier.hpp>

#include <gmock/gmock.h>

#include <hal/async/when_all.hpp>
#include <hal/identity/base64url.hpp>
#include <hal/identity/testing/test_issuer.hpp>
#include <hal/service/testing/test_host.hpp>

#include <fmt/format.h>
#include <sodium.h>
#include <boost/json.hpp>

#include <random>

namespace hal::identity {
namespace {

using namespace std::chrono_literals;
using testing::TestIssuer;

constexpr std::string_view kMalformed = "UNAUTHENTICATED: the token is malformed";
constexpr std::string_view kInvalid = "UNAUTHENTICATED: the token is not valid";
constexpr std::string_view kExpired = "UNAUTHENTICATED: the token has expired";
constexpr std::string_view kEarly = "UNAUTHENTICATED: the token is not valid yet";
constexpr std::string_view kRevoked = "UNAUTHENTICATED: the token is revoked";

Task<Result<>> start(Verifier* verifier) { co_return co_await verifier->start(); }
Task<Result<>> refresh(Verifier* verifier) { co_return co_await verifier->refresh(); }
Task<Result<std::string>> jwks(Verifier* verifier) { co_return co_await verifier->jwks(); }
Task<Result<std::shared_ptr<const Identity>>> verify(Verifier* verifier, std::string_view token) {
  co_return co_await verifier->verify(token);
}

Task<Result<>> verify_both(Verifier* verifier, std::string_view a, std::string_view b) {
  auto [first, second] = co_await or_return(when_all(verifier->verify(a), verifier->verify(b)));
  EXPECT_EQ(first->subject() + second->subject(), "joada");
  co_return Result<>{};
}

/// The three parts of a token.
struct Parts {
  explicit Parts(std::string_view token)
      : header{token.substr(0, token.find('.'))},
        payload{token.substr(header.size() + 1, token.rfind('.') - header.size() - 1)},
        signature{token.substr(token.rfind('.') + 1)} {}
  [[nodiscard]] std::string together() const {
    return fmt::format("{}.{}.{}", header, payload, signature);
  }
  std::string header;
  std::string payload;
  std::string signature;
};

class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest() { EXPECT_TRUE(host_.run(start, &verifier_)); }

  /// "<sub> <roles>", or the error.
  std::string ask(std::string_view token) {
    const auto identity = host_.run(verify, &verifier_, token);
    if (!identity) return identity.error().to_string();
    return fmt::format("{} {}", (*identity)->subject(), fmt::join((*identity)->roles(), ","));
  }
  /// The answer to a valid token but for what `change` does to its claims.
  template <class F>
  std::string ask_with(F change) {
    Claims claims = issuer_.claims();
    change(claims);
    return ask(issuer_.sign(claims));
  }

  TestIssuer issuer_;
  service::testing::TestHost host_;
  Verifier verifier_{host_, issuer_.source(), issuer_.options()};
};

TEST_F(VerifierTest, SaysWhoseTokenItIs) {
  const auto claims = issuer_.claims("ada", "admin");
  const auto identity = host_.run(verify, &verifier_, std::string_view{issuer_.sign(claims)});
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->subject(), "ada");
  EXPECT_THAT((*identity)->roles(), ::testing::ElementsAre("admin"));
  EXPECT_EQ((*identity)->token_id(), claims.jti);
  EXPECT_EQ((*identity)->expires_at(), issuer_.now + 600s);
  EXPECT_EQ(ask_with([](Claims& c) { c.role = ""; }), "jo ");
}

TEST_F(VerifierTest, ChecksWhatATokenClaims) {
  const std::int64_t now = issuer_.now.time_since_epoch().count();
  const auto times = [&](std::int64_t iat, std::int64_t nbf, std::int64_t exp) {
    return ask_with([&](Claims& c) {
      c.iat = iat;
      c.nbf = nbf;
      c.exp = exp;
    });
  };
  EXPECT_EQ(ask_with([](Claims& c) { c.iss = "hal9000-auth2"; }), kInvalid);
  EXPECT_EQ(ask_with([](Claims& c) { c.iss = ""; }), kInvalid);
  EXPECT_EQ(ask_with([](Claims& c) { c.aud = "hal9001"; }), kInvalid);
  EXPECT_EQ(ask_with([](Claims& c) { c.aud = "HAL9000"; }), kInvalid);
  EXPECT_EQ(ask_with([](Claims& c) { c.sub = ""; }), kMalformed);
  EXPECT_EQ(ask_with([](Claims& c) { c.jti = ""; }), kMalformed);
  // The leeway of 60 s, at both ends.
  EXPECT_EQ(times(now - 600, now - 600, now), "jo user");
  EXPECT_EQ(times(now - 659, now - 659, now - 59), "jo user");
  EXPECT_EQ(times(now - 660, now - 660, now - 60), kExpired);
  EXPECT_EQ(times(now + 60, now + 60, now + 600), "jo user");
  EXPECT_EQ(times(now + 61, now, now + 600), kEarly);
  EXPECT_EQ(times(now, now + 61, now + 600), kEarly);
  // A lifetime from a second to an hour.
  EXPECT_EQ(times(now, now, now + 3600), "jo user");
  EXPECT_EQ(times(now, now, now + 3601), kInvalid);
  EXPECT_EQ(times(now, now, now + 1), "jo user");
  EXPECT_EQ(times(now, now, now), kInvalid);
  EXPECT_EQ(times(now + 10, now, now + 5), kInvalid);
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(times(now, now, kMax), kMalformed);
  EXPECT_EQ(times(kMin, now, now + 600), kMalformed);
  EXPECT_EQ(times(now, kMin, now + 600), kMalformed);
  EXPECT_EQ(times(kMax, kMax, kMax), kMalformed);
  EXPECT_EQ(times(-1, now, now + 600), kMalformed);
  EXPECT_EQ(times(253'402'300'800, now, 253'402'300'801), kMalformed);
  EXPECT_EQ(times(0, 0, 3600), kExpired);
}

TEST_F(VerifierTest, AForgedTokenIsNone) {
  const std::string token = issuer_.token();
  ASSERT_EQ(ask(token), "jo user");
  const Parts good{token};
  const auto header = [&](std::string_view text) {
    Parts parts = good;
    parts.header = base64url_encode(text);
    return parts;
  };
  const auto hmac = [](Parts parts, std::string_view key) {
    const std::string text = parts.header + "." + parts.payload;
    std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                                key.size());
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                  text.size());
    crypto_auth_hmacsha256_final(&state, mac.data());
    parts.signature = base64url_encode(mac);
    return parts.together();
  };
  const auto with = [&](Parts parts, std::string signature) {
    parts.signature = std::move(signature);
    return parts.together();
  };
  const std::string_view key_bytes{reinterpret_cast<const char*>(issuer_.keys[0].key.data()), 32};
  const auto kid_header = [&](std::string_view alg, std::string_view kid) {
    return header(fmt::format(R"({{"alg":"{}","kid":"{}","typ":"JWT"}})", alg, kid));
  };

  // No signature, under each name of it.
  for (const char* alg : {"none", "None", "NONE", "nOnE", ""}) {
    EXPECT_EQ(ask(with(kid_header(alg, issuer_.kid), "")), kMalformed) << alg;
    EXPECT_EQ(ask(kid_header(alg, issuer_.kid).together()), kMalformed) << alg;
  }
  EXPECT_EQ(ask(with(good, "")), kMalformed);
  EXPECT_EQ(ask(good.header + "." + good.payload), kMalformed);
  // The public key as a secret.
  for (const char* alg : {"HS256", "EdDSA"}) {
    for (const std::string& secret : {std::string{key_bytes}, base64url_encode(key_bytes)}) {
      EXPECT_EQ(ask(hmac(kid_header(alg, issuer_.kid), secret)), kMalformed) << alg;
    }
  }
  // A signature of nothing, of zeros, of another token.
  EXPECT_EQ(ask(with(good, std::string(86, 'A'))), kInvalid);
  EXPECT_EQ(ask(with(good, "AQ" + std::string(84, 'A'))), kInvalid);
  EXPECT_EQ(ask(with(good, Parts{issuer_.token()}.signature)), kInvalid);
  // Other claims behind the same signature.
  Parts other = good;
  other.payload = Parts{issuer_.token("root", "admin")}.payload;
  EXPECT_EQ(ask(other.together()), kInvalid);
  // The forger's own key, under the issuer's name and its own.
  const auto forger = Ed25519KeyPair::generate();
  EXPECT_EQ(ask(sign_jwt(issuer_.claims(), forger, issuer_.kid)), kInvalid);
  EXPECT_EQ(ask(sign_jwt(issuer_.claims(), forger, thumbprint(forger.public_key()))), kInvalid);
  for (const char* kid : {"../../etc/passwd", "' OR 1=1 --", "\\u0000", "*"}) {
    EXPECT_EQ(ask(kid_header("EdDSA", kid).together()), kInvalid) << kid;
  }
}

TEST_F(VerifierTest, AKeyThatATokenBringsAlongIsNone) {
  const auto forger = Ed25519KeyPair::generate();
  const std::string own = base64url_encode(forger.public_key());
  for (const std::string& more :
       {fmt::format(R"("jwk":{{"kty":"OKP","crv":"Ed25519","x":"{}"}})", own),
        std::string{R"("jku":"http://127.0.0.1/jwks.json")"}, std::string{R"("x5u":"a")"},
        std::string{R"("crit":["exp"])"}, std::string{R"("zip":"DEF")"}}) {
    Parts parts{issuer_.token()};
    parts.header = base64url_encode(
        fmt::format(R"({{"alg":"EdDSA","kid":"{}","typ":"JWT",{}}})", issuer_.kid, more));
    parts.signature = base64url_encode(forger.sign(parts.header + "." + parts.payload));
    EXPECT_EQ(ask(parts.together()), kMalformed) << more;
  }
}

TEST_F(VerifierTest, EveryBitOfATokenCounts) {
  const std::string token = issuer_.token();
  for (std::size_t bit = 0; bit < 8 * token.size(); ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(ask(changed), ::testing::StartsWith("UNAUTHENTICATED")) << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_THAT(ask(token.substr(0, size)), ::testing::StartsWith("UNAUTHENTICATED")) << size;
    EXPECT_THAT(ask(token.substr(size + 1)), ::testing::StartsWith("UNAUTHENTICATED")) << size;
  }
}

/// Tokens that were valid, after one to four of a dozen kinds of damage.
class Mangler {
 public:
  explicit Mangler(std::uint32_t seed) : random_{seed} {}

  std::string mangle(std::string token, const std::string& other) {
    for (std::uint32_t left = 1 + below(4); left > 0; --left) mangle_once(token, other);
    return token;
  }

 private:
  std::uint32_t below(std::size_t end) { return random_() % static_cast<std::uint32_t>(end); }
  std::size_t place(const std::string& text) { return below(text.size() + 1); }
  /// Decoded, changed, encoded: JSON that is nearly right.
  static void change(std::string& token, std::string_view from, std::string_view to) {
    if (std::ranges::count(token, '.') != 2) return;
    Parts parts{token};
    for (std::string* part : {&parts.header, &parts.payload}) {
      auto text = base64url_decode(*part);
      const auto at = text ? text->find(from) : std::string::npos;
      if (at != std::string::npos) *part = base64url_encode(text->replace(at, from.size(), to));
    }
    token = parts.together();
  }
  void mangle_once(std::string& token, const std::string& other) {
    const std::size_t at = place(token);
    switch (below(14)) {
      case 0:
        if (at < token.size()) token[at] = static_cast<char>(below(256));
        break;
      case 1:
        token.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        token.erase(at, 1 + below(8));
        break;
      case 3:
        token.resize(at);
        break;
      case 4:
        token = token.substr(0, at) + other.substr(std::min(at, other.size()));
        break;
      case 5:
        token.insert(at, token.substr(0, below(64)));
        break;
      case 6:
        std::ranges::reverse(token.begin() + static_cast<std::ptrdiff_t>(at), token.end());
        break;
      case 7:
        change(token, "EdDSA", below(2) == 0 ? "none" : "HS256");
        break;
      case 8:
        change(token, "\"kid\"", below(2) == 0 ? "\"alg\":\"none\",\"kid\"" : "\"kid\":[[[");
        break;
      case 9:
        change(token, "JWT", std::string(below(3000), '['));
        break;
      case 10:
        change(token, "user", "admin");
        break;
      case 11:
        change(token, "\"exp\":", below(2) == 0 ? "\"exp\":9" : "\"exp\":[");
        break;
      case 12:
        token.insert(at, std::string(below(6000), "A.={\xff"[below(5)]));
        break;
      default:
        std::swap(token[at % std::max<std::size_t>(1, token.size())],
                  token[below(std::max<std::size_t>(1, token.size()))]);
    }
    if (token.empty()) token = ".";
  }

  std::mt19937 random_;
};

TEST_F(VerifierTest, HostileTokensAreNeverTaken) {
  constexpr std::uint32_t kSeed = 20'260'101;
  constexpr int kTokens = 100'000;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  const std::string token = issuer_.token();
  const std::string other = issuer_.token("ada", "admin");
  Mangler mangler{kSeed};
  for (int i = 0; i < kTokens; ++i) {
    std::string hostile;
    do {
      hostile = mangler.mangle(token, other);
    } while (hostile == token || hostile == other);
    ASSERT_THAT(ask(hostile), ::testing::StartsWith("UNAUTHENTICATED")) << i << ": " << hostile;
  }
  EXPECT_EQ(ask(token), "jo user");
}

/// What the claims say by another reader of JSON; the last of several counts there.
bool says_the_same(std::string_view payload, const Claims& claims) {
  boost::system::error_code failed;
  const auto value = boost::json::parse(payload, failed);
  if (failed || !value.is_object()) return false;
  const auto& object = value.get_object();
  const auto text = [&](std::string_view name, std::string_view expected) {
    const auto* const found = object.if_contains(name);
    return found != nullptr && found->is_string() &&
           std::string_view{found->get_string()} == expected;
  };
  const auto number = [&](std::string_view name, std::int64_t expected) {
    const auto* const found = object.if_contains(name);
    return found != nullptr && found->is_int64() && found->get_int64() == expected;
  };
  return text("iss", claims.iss) && text("aud", claims.aud) && text("sub", claims.sub) &&
         text("jti", claims.jti) && text("role", claims.role) && number("iat", claims.iat) &&
         number("nbf", claims.nbf) && number("exp", claims.exp);
}

/// Claims that the right key has signed, whatever they are: taken as they stand, or not at all.
TEST_F(VerifierTest, DamagedClaimsAreReadAsTheyStandOrNotAtAll) {
  constexpr std::uint32_t kSeed = 20'260'102;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random{kSeed};
  const auto below = [&](std::size_t end) { return random() % static_cast<std::uint32_t>(end); };
  const Parts good{issuer_.token()};
  const std::string payload = *base64url_decode(good.payload);
  constexpr std::string_view kPieces[]{"\"",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\\u0000",
                                       "null",
                                       "-",
                                       "1e9",
                                       "\"exp\":1,",
                                       "\"sub\":\"root\",",
                                       "\xff",
                                       "0"};
  int taken = 0;
  for (int i = 0; i < 15'000; ++i) {
    std::string damaged = payload;
    for (auto left = 1 + below(2); left > 0; --left) {
      const std::size_t at = below(damaged.size());
      if (below(3) == 0) damaged[at] = static_cast<char>(below(256));
      if (below(3) == 0) damaged.erase(at, 1 + below(4));
      if (below(3) == 0) damaged.insert(at, kPieces[below(std::size(kPieces))]);
    }
    std::string token = good.header + "." + base64url_encode(damaged);
    token += "." + base64url_encode(issuer_.pair.sign(token));
    const auto claims = Jwt::parse(token)->claims(issuer_.pair.public_key());
    if (!claims) {
      EXPECT_EQ(claims.error().to_string(), kMalformed);
      continue;
    }
    ASSERT_TRUE(says_the_same(damaged, *claims)) << damaged;
    ++taken;
    const auto answer = ask(token);
    const auto valid = check_claims(*claims, {}, issuer_.now);
    ASSERT_EQ(answer.starts_with("UNAUTHENTICATED"), !valid.ok()) << damaged;
  }
  EXPECT_GT(taken, 1000);  // the damage is not always so great that nothing is read
}

TEST_F(VerifierTest, RevokedTokensAndUsersAreOut) {
  const auto claims = issuer_.claims();
  const std::string jos = issuer_.sign(claims);
  const std::string jos_other = issuer_.token();
  const std::string adas = issuer_.token("ada");
  issuer_.changes = {.tokens = {{claims.jti, issuer_.now + 600s}}, .cursor = 1};
  ASSERT_TRUE(host_.run(refresh, &verifier_));
  EXPECT_EQ(ask(jos), kRevoked);
  EXPECT_EQ(ask(jos_other), "jo user");
  issuer_.now += 1s;
  issuer_.changes = {.users = {{"jo", issuer_.now}}, .cursor = 2};
  ASSERT_TRUE(host_.run(refresh, &verifier_));
  EXPECT_EQ(ask(jos_other), kRevoked);
  EXPECT_EQ(ask(adas), "ada user");
  EXPECT_EQ(ask(issuer_.token()), "jo user");  // logged in again
  // Nothing of it is lost while the token would still be taken.
  issuer_.now += 600s;
  issuer_.changes = {.tokens = {{"x", issuer_.now}}, .cursor = 3};
  ASSERT_TRUE(host_.run(refresh, &verifier_));
  EXPECT_EQ(ask(jos), kRevoked);
  EXPECT_THAT(issuer_.asked_since, ::testing::ElementsAre(0, 0, 1, 2));
}

TEST_F(VerifierTest, AKeyThatRetiresVerifiesUntilThen) {
  const std::string token = issuer_.token();
  issuer_.keys[0].retires_at = issuer_.now + 100s;
  ASSERT_TRUE(host_.run(refresh, &verifier_));
  EXPECT_EQ(ask(token), "jo user");
  issuer_.now += 99s;
  EXPECT_EQ(ask(token), "jo user");
  issuer_.now += 1s;
  EXPECT_EQ(ask(token), kInvalid);
}

TEST_F(VerifierTest, AKeyThatIsNewIsAskedFor) {
  issuer_.rotate();
  const std::string jos = issuer_.token();
  const std::string adas = issuer_.token("ada");
  const auto both =
      host_.run(verify_both, &verifier_, std::string_view{jos}, std::string_view{adas});
  EXPECT_TRUE(both);
  EXPECT_EQ(issuer_.asked, 2);
  // The next one within ten seconds is nobody's, until a pull brings it.
  issuer_.rotate();
  const std::string late = issuer_.token();
  EXPECT_EQ(ask(late), kInvalid);
  EXPECT_EQ(issuer_.asked, 2);
  host_.manual_loop().advance(5s);
  EXPECT_EQ(ask(late), "jo user");
}

TEST_F(VerifierTest, WithoutItsIssuerAnUnknownKeyIsNobodys) {
  issuer_.failure = {Code::kUnavailable, "away"};
  issuer_.rotate();
  EXPECT_EQ(ask(issuer_.token()), kInvalid);
}

TEST_F(VerifierTest, ShowsItsKeysToOthers) {
  const auto shown = host_.run(jwks, &verifier_);
  ASSERT_TRUE(shown);
  EXPECT_THAT(*shown, ::testing::HasSubstr(fmt::format("\"kid\":\"{}\"", issuer_.kid)));
  issuer_.keys[0].retires_at = issuer_.now;
  ASSERT_TRUE(host_.run(refresh, &verifier_));
  EXPECT_EQ(host_.run(jwks, &verifier_), R"({"keys":[]})");
}

TEST(Verifier, ATokenThatExpiresWhileItsKeyIsAskedForHasExpired) {
  TestIssuer issuer;
  service::testing::TestHost host;
  const auto begin = host.loop().now();
  auto options = issuer.options();
  options.clock = [&] {
    return issuer.now + std::chrono::floor<std::chrono::seconds>(host.loop().now() - begin);
  };
  Verifier verifier{host, issuer.source(), options};
  ASSERT_TRUE(host.run(start, &verifier));
  issuer.rotate();
  issuer.takes = 1s;  // keys and revocations each
  auto claims = issuer.claims();
  claims.exp = claims.iat - 59;  // a second is left of its leeway
  claims.iat = claims.nbf = claims.exp - 600;
  const std::string token = issuer.sign(claims);
  const auto asked = host.run(verify, &verifier, std::string_view{token});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().to_string(), kExpired);
}

TEST(Verifier, KnowsNothingBeforeItsStart) {
  TestIssuer issuer;
  service::testing::TestHost host;
  Verifier verifier{host, issuer.source(), issuer.options()};
  const std::string token = issuer.token();
  const auto asked = host.run(verify, &verifier, std::string_view{token});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().to_string(),
            "UNAVAILABLE: keys and revocations have not been pulled yet");
  EXPECT_FALSE(host.run(jwks, &verifier));
  EXPECT_EQ(issuer.asked, 0);
}

}  // namespace
}  // namespace hal::identity
