#include <hal/config/environment.hpp>

#include <gtest/gtest.h>

namespace hal::config {
namespace {

TEST(Environment, IsAValueMadeFromAMap) {
  const Environment environment{{{"A", "1"}, {"EMPTY", ""}}};
  EXPECT_EQ(environment.find("A"), "1");
  EXPECT_EQ(environment.find("EMPTY"), std::nullopt);
  EXPECT_EQ(environment.find("B"), std::nullopt);
  EXPECT_EQ(environment.get("A", "2"), "1");
  EXPECT_EQ(environment.get("EMPTY", "2"), "2");
  EXPECT_EQ(environment.get("B"), "");
}

TEST(Environment, SnapshotsTheProcess) {
  ASSERT_EQ(setenv("HAL_CONFIG_TEST", "a=b", 1), 0);
  const auto environment = Environment::from_process();
  ASSERT_EQ(unsetenv("HAL_CONFIG_TEST"), 0);
  EXPECT_EQ(environment.find("HAL_CONFIG_TEST"), "a=b");
  EXPECT_EQ(Environment::from_process().find("HAL_CONFIG_TEST"), std::nullopt);
}

}  // namespace
}  // namespace hal::config
