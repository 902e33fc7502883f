#include <hal/config/nearest.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace hal::config {
namespace {

TEST(Nearest, FindsTheNameThatWasMeant) {
  const std::vector<std::string> known{"HAL_LOG_FORMAT", "HAL_LOG_LEVEL", "HAL_WORKERS"};
  EXPECT_EQ(nearest("HAL_LOGLEVEL", known), "HAL_LOG_LEVEL");
  EXPECT_EQ(nearest("HAL_LOG_LEVLE", known), "HAL_LOG_LEVEL");
  EXPECT_EQ(nearest("HAL_WORKER", known), "HAL_WORKERS");
  EXPECT_EQ(nearest("HAL_WORKERS", known), "HAL_WORKERS");
  EXPECT_EQ(nearest("", known), "HAL_WORKERS");  // the shortest
}

TEST(Nearest, TakesTheFirstOfSeveral) {
  const std::vector<std::string> known{"ab", "ac"};
  EXPECT_EQ(nearest("a", known), "ab");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace hal::config
