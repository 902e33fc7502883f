#include "password.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

using hal::Code;

constexpr PasswordCost kCheap{.memory_bytes = 8 * 1024, .passes = 1};

TEST(Password, the_default_cost_is_in_the_hash) {
  const auto hash = hash_password("correct horse", {});
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_FALSE(needs_rehash(*hash, {}));
  EXPECT_TRUE(needs_rehash(*hash, {.memory_bytes = 32 * 1024 * 1024}));
  EXPECT_TRUE(needs_rehash(*hash, {.passes = 3}));
  EXPECT_TRUE(verify_password("correct horse", *hash));
}

TEST(Password, only_the_same_bytes_verify) {
  const auto hash = hash_password("correct horse", kCheap);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(verify_password("correct horse", *hash));
  for (const auto* other :
       {"correct hors", "correct horse ", "Correct horse", "", "correct\0horse"}) {
    EXPECT_FALSE(verify_password(other, *hash)) << other;
  }
  EXPECT_NE(*hash, hash_password("correct horse", kCheap)) << "the salt is new each time";
}

TEST(Password, nothing_is_cut) {
  const std::string longest(1024, 'x');
  const auto hash = hash_password(longest, kCheap);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(verify_password(longest, *hash));
  EXPECT_FALSE(verify_password(longest.substr(1), *hash));
  std::string with_nul = "correct\0horse battery";
  with_nul.insert(7, 1, '\0');
  const auto nul_hash = hash_password(with_nul, kCheap);
  ASSERT_TRUE(nul_hash);
  EXPECT_TRUE(verify_password(with_nul, *nul_hash));
  EXPECT_FALSE(verify_password(with_nul + "x", *nul_hash));
}

hal::Result<> without_value(const hal::Result<std::string>& result) {
  if (!result) return hal::error(result.error());
  return {};
}

TEST(Password, the_rules_name_what_is_allowed_and_not_the_password) {
  struct Case {
    std::string password;
    std::string_view rule;
  };
  for (const auto& [password, rule] :
       {Case{"", "8 to 1024 bytes"}, Case{"seven77", "8 to 1024 bytes"},
        Case{std::string(1025, 'x'), "8 to 1024 bytes"}, Case{"h\xffunter22", "UTF-8"}}) {
    for (const auto& result :
         {check_password(password), without_value(hash_password(password, kCheap))}) {
      ASSERT_FALSE(result) << password;
      EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
      EXPECT_TRUE(result.error().message().contains(rule)) << result.error().message();
      if (!password.empty()) EXPECT_FALSE(result.error().message().contains(password));
    }
  }
  EXPECT_TRUE(check_password("\xe5\xaf\x86\xe7\xa0\x81\xe4\xba\x86"));
}

TEST(Password, what_is_no_hash_verifies_nothing) {
  for (const auto* hash : {"", "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
                           "$2b$12$abcdefghijklmnopqrstuv"}) {
    EXPECT_FALSE(verify_password("correct horse", hash)) << hash;
    EXPECT_TRUE(needs_rehash(hash, {})) << hash;
  }
}

TEST(Password, wiped_is_empty) {
  std::string secret = "correct horse";
  wipe(secret);
  EXPECT_TRUE(secret.empty());
}

}  // namespace
}  // namespace auth
