#include <hal/identity/signing_keys.hpp>

#include <gmock/gmock.h>

#include <hal/identity/base64url.hpp>
#include <hal/identity/jwks.hpp>

namespace hal::identity {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;
using ::testing::HasSubstr;

constexpr sys_seconds kNow{seconds{1'000'000}};

SigningKey key_of(std::string kid, sys_seconds created_at = kNow) {
  return {.kid = std::move(kid), .created_at = created_at, .retires_at{}};
}

TEST(SigningKeys, TheFirstKeySignsAtOnce) {
  const auto keys = SigningKeys::make(kNow);
  ASSERT_EQ(keys.all().size(), 1U);
  const auto& key = keys.signer(kNow);
  EXPECT_EQ(key.kid, thumbprint(key.pair.public_key()));
  const auto shown = keys.public_keys(kNow);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].kid, key.kid);
  EXPECT_EQ(shown[0].key, key.pair.public_key());
  EXPECT_EQ(shown[0].retires_at, std::nullopt);

  const auto token = keys.sign({.sub = "jo"}, kNow);
  const auto jwt = Jwt::parse(token);
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->kid(), key.kid);
  EXPECT_EQ(jwt->claims(shown[0].key)->sub, "jo");
}

TEST(SigningKeys, ARotationLeavesTimeForEverybody) {
  auto keys = SigningKeys::make(kNow);
  const std::string old_kid = keys.signer(kNow).kid;
  ASSERT_TRUE(keys.rotate(kNow, {.publish_after = seconds{10}, .verify_for = seconds{660}}));
  const std::string new_kid = keys.all().back().kid;
  ASSERT_NE(new_kid, old_kid);
  // Told at once, used when everybody has heard of it.
  EXPECT_EQ(keys.public_keys(kNow).size(), 2U);
  EXPECT_EQ(keys.signer(kNow).kid, old_kid);
  EXPECT_EQ(keys.signer(kNow + seconds{9}).kid, old_kid);
  EXPECT_EQ(keys.signer(kNow + seconds{10}).kid, new_kid);
  // The last token of the old key was signed just before; it has 600 s, and verifiers have 60 s.
  const auto shown = keys.public_keys(kNow + seconds{669});
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].retires_at, kNow + seconds{670});
  EXPECT_EQ(find_key(shown, old_kid, kNow + seconds{669}), &shown[0]);
  EXPECT_EQ(find_key(shown, old_kid, kNow + seconds{670}), nullptr);
  EXPECT_EQ(find_key(shown, new_kid, kNow + seconds{99999}), &shown[1]);
  EXPECT_EQ(find_key(shown, "other", kNow), nullptr);
  EXPECT_EQ(keys.public_keys(kNow + seconds{670}).size(), 1U);
  // Kept in the file until the next rotation.
  EXPECT_EQ(keys.all().size(), 2U);
  ASSERT_TRUE(keys.rotate(kNow + seconds{670}));
  EXPECT_EQ(keys.all().size(), 2U);
  EXPECT_EQ(keys.all().front().kid, new_kid);
}

TEST(SigningKeys, ARotationAfterAnotherKeepsTheFirstOnesEnd) {
  auto keys = SigningKeys::make(kNow);
  ASSERT_TRUE(keys.rotate(kNow));
  ASSERT_TRUE(keys.rotate(kNow + seconds{5}));
  EXPECT_EQ(keys.all().at(0).retires_at, kNow + seconds{670});
  EXPECT_EQ(keys.all().at(1).retires_at, kNow + seconds{675});
  EXPECT_EQ(keys.signer(kNow + seconds{9}).kid, keys.all().at(0).kid);
  EXPECT_EQ(keys.signer(kNow + seconds{14}).kid, keys.all().at(1).kid);
  EXPECT_EQ(keys.signer(kNow + seconds{15}).kid, keys.all().at(2).kid);
}

TEST(SigningKeys, AClockThatWasSetBackFindsASigner) {
  auto keys = SigningKeys::make(kNow);
  ASSERT_TRUE(keys.rotate(kNow - seconds{86400}));
  EXPECT_EQ(keys.all().at(1).created_at, kNow);
  const auto& signer = keys.signer(kNow - seconds{86400});
  EXPECT_EQ(signer.kid, keys.all().at(0).kid);
  // When that has retired, the other one signs, although it is of the future.
  EXPECT_EQ(keys.signer(kNow - seconds{80000}).kid, keys.all().at(1).kid);
}

TEST(SigningKeys, KeysOfOneSecondStayInTheirOrder) {
  for (int i = 0; i < 20; ++i) {
    auto keys = SigningKeys::make(kNow);
    ASSERT_TRUE(keys.rotate(kNow));
    const auto read = SigningKeys::from(keys.all());
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->signer(kNow + seconds{60}).retires_at);
  }
}

TEST(SigningKeys, HaveALimit) {
  auto keys = SigningKeys::make(kNow);
  for (std::size_t i = 1; i < SigningKeys::kKeysMax; ++i) ASSERT_TRUE(keys.rotate(kNow));
  const auto refused = keys.rotate(kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_string(),
            "RESOURCE_EXHAUSTED: 16 keys verify still: wait until one retires");
  EXPECT_TRUE(keys.rotate(kNow + seconds{670}));
}

TEST(SigningKeys, AreCheckedWhenTheyComeFromElsewhere) {
  const auto problem = [](std::vector<SigningKey> keys) {
    const auto made = SigningKeys::from(std::move(keys));
    return made ? "" : made.error().to_string();
  };
  EXPECT_EQ(problem({}), "INVALID_ARGUMENT: there is no key");
  EXPECT_EQ(problem({key_of("a"), key_of("a")}), "INVALID_ARGUMENT: two keys have the kid 'a'");
  EXPECT_THAT(problem({key_of("")}), HasSubstr("a kid has 1 to 64 bytes, not 0"));
  EXPECT_THAT(problem({key_of(std::string(65, 'k'))}), HasSubstr("not 65"));
  std::vector<SigningKey> many;
  for (std::size_t i = 0; i <= SigningKeys::kKeysMax; ++i)
    many.push_back(key_of(std::to_string(i)));
  EXPECT_THAT(problem(std::move(many)), HasSubstr("17 keys; at most 16"));
  auto retiring = key_of("a");
  retiring.retires_at = kNow;
  EXPECT_EQ(problem({retiring}), "INVALID_ARGUMENT: every key retires: none can sign");
  EXPECT_EQ(problem({retiring, key_of("b")}), "");

  const auto sorted = SigningKeys::from({key_of("new", kNow), key_of("old", kNow - seconds{20})});
  ASSERT_TRUE(sorted);
  EXPECT_EQ(sorted->signer(kNow).kid, "old");
  EXPECT_EQ(sorted->signer(kNow + seconds{10}).kid, "new");
}

TEST(Jwks, ShowsThePublicParts) {
  const auto d = *base64url_decode_array<32>("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const auto pair = Ed25519KeyPair::from_seed(d);
  const Keys keys{{.kid = "k\"1", .key = pair.public_key(), .retires_at{}},
                  {.kid = "k2", .key = pair.public_key(), .retires_at = kNow}};
  const std::string first =
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",)"
      R"("kid":"k\"1","use":"sig","alg":"EdDSA"})";
  EXPECT_EQ(to_jwks(keys, kNow), R"({"keys":[)" + first + "]}");
  EXPECT_THAT(to_jwks(keys, kNow - seconds{1}), HasSubstr(R"("kid":"k2")"));
  EXPECT_EQ(to_jwks({}, kNow), R"({"keys":[]})");
}

}  // namespace
}  // namespace hal::identity
