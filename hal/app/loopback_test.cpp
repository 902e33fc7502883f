#include <hal/app/loopback.hpp>

#include <gtest/gtest.h>

namespace hal::app {
namespace {

TEST(Loopback, IsThisMachine) {
  for (const char* address : {"127.0.0.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const char* address :
       {"", "10.0.0.1", "192.168.127.1", "::", "::2", "fe80::1", "::ffff:10.0.0.1", "1.127.0.0"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

TEST(Loopback, ASidecarCallsForOthers) {
  for (const char* address : {"127.0.0.6", "::ffff:127.0.0.6", "127.0.0.2", "127.1.2.3"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

}  // namespace
}  // namespace hal::app
