#include "attempt_key.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

TEST(AttemptKey, depends_on_secret_name_and_client) {
  const std::string secret(32, 's');
  const auto key = attempt_key(secret, "alice");
  EXPECT_EQ(key.size(), 16U);
  EXPECT_FALSE(key.contains("alice"));
  EXPECT_EQ(key, attempt_key(secret, "alice"));
  EXPECT_NE(key, attempt_key(std::string(32, 't'), "alice"));
  EXPECT_NE(key, attempt_key(secret, "alicf"));
  const auto client_key = attempt_key(secret, "alice", "192.0.2.1");
  EXPECT_NE(client_key, key);
  EXPECT_NE(client_key, attempt_key(secret, "alice", "192.0.2.2"));
  EXPECT_NE(client_key, attempt_key(secret, "alice1", "92.0.2.1"));
}

}  // namespace
}  // namespace auth
