#include <hal/identity/ed25519.hpp>

#include <gtest/gtest.h>

#include <hal/identity/base64url.hpp>

namespace hal::identity {
namespace {

// RFC 8037, A.1 to A.4.
constexpr std::string_view kSeed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
constexpr std::string_view kPublicKey = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
constexpr std::string_view kThumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
constexpr std::string_view kSigned = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
constexpr std::string_view kSignature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

Ed25519KeyPair rfc_pair() {
  return Ed25519KeyPair::from_seed(*base64url_decode_array<Ed25519KeyPair::kSeedBytes>(kSeed));
}

TEST(Ed25519, TheKeyOfRfc8037) {
  const auto pair = rfc_pair();
  EXPECT_EQ(base64url_encode(pair.public_key()), kPublicKey);
  EXPECT_EQ(base64url_encode(pair.seed()), kSeed);
  EXPECT_EQ(base64url_encode(pair.sign(kSigned)), kSignature);
  EXPECT_EQ(thumbprint(pair.public_key()), kThumbprint);
  EXPECT_TRUE(is_valid(pair.public_key()));
}

TEST(Ed25519, VerifiesItsOwnSignaturesAlone) {
  const auto pair = rfc_pair();
  const auto signature = pair.sign("message");
  EXPECT_TRUE(verify("message", signature, pair.public_key()));
  EXPECT_FALSE(verify("messagf", signature, pair.public_key()));
  EXPECT_FALSE(verify("", signature, pair.public_key()));
  EXPECT_FALSE(verify("message", signature, Ed25519KeyPair::generate().public_key()));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    auto changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(verify("message", changed, pair.public_key())) << bit;
  }
  EXPECT_TRUE(verify("", pair.sign(""), pair.public_key()));
}

TEST(Ed25519, GeneratesADifferentKeyEachTime) {
  EXPECT_NE(Ed25519KeyPair::generate().public_key(), Ed25519KeyPair::generate().public_key());
}

/// A signature's second half is a number below L = 2^252 + ...; adding L to it makes another text
/// for the same signature (RFC 8032 5.1.7).
TEST(Ed25519, TakesOneFormOfASignature) {
  constexpr std::array<std::uint8_t, 32> kOrder{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                                0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                                0,    0,    0,    0,    0,    0,    0,    0,
                                                0,    0,    0,    0,    0,    0,    0,    0x10};
  const auto pair = rfc_pair();
  auto signature = pair.sign("message");
  unsigned carry = 0;
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    carry += signature[32 + i] + kOrder[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(verify("message", signature, pair.public_key()));
}

/// With a key of small order one signature, of zeros even, fits many messages.
TEST(Ed25519, KeysOfSmallOrderAreNone) {
  Ed25519PublicKey zero{};
  Ed25519PublicKey one{1};
  Ed25519PublicKey minus_one{};
  minus_one.fill(0xff);
  minus_one[0] = 0xec;
  minus_one[31] = 0x7f;
  const auto order_8 =
      base64url_decode_array<32>("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o").value();
  Ed25519Signature identity_point{1};
  for (const auto& key : {zero, one, minus_one, order_8}) {
    EXPECT_FALSE(is_valid(key));
    EXPECT_FALSE(verify("message", Ed25519Signature{}, key));
    EXPECT_FALSE(verify("message", identity_point, key));
  }
  Ed25519PublicKey off_the_curve{2};
  EXPECT_FALSE(is_valid(off_the_curve));
  EXPECT_FALSE(verify("message", Ed25519Signature{}, rfc_pair().public_key()));
  EXPECT_FALSE(verify("message", identity_point, rfc_pair().public_key()));
}

}  // namespace
}  // namespace hal::identity
