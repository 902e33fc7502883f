#include <hal/app/options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::app {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Result<AppOptions> read(Variables variables) {
  return config::read<AppOptions>({config::Environment{std::move(variables)}, config::Arguments{}});
}

TEST(AppOptions, HaveTheSystemsVariablesAndDefaults) {
  const auto options = read({{"SERVICE_NAME", "edge"},
                             {"SERVICE_HOST", "127.0.0.1"},
                             {"HAL_ADMIN_PORT", "0"},
                             {"HAL_WORKERS", "3"},
                             {"HAL_DRAIN_GRACE", "2s"}});
  ASSERT_TRUE(options.has_value()) << options.error().to_string();
  EXPECT_EQ(options->service_name, "edge");
  EXPECT_EQ(options->service_host, "127.0.0.1");
  EXPECT_EQ(options->service_port.number(), 8080);
  EXPECT_EQ(options->admin_port, config::Port{0});
  EXPECT_EQ(options->workers, 3U);
  EXPECT_EQ(options->drain_grace, std::chrono::milliseconds{2000});
  EXPECT_EQ(options->drain_timeout, std::chrono::milliseconds{25'000});
}

TEST(AppOptions, RefuseAllBadValuesAtOnce) {
  const auto options = read({{"SERVICE_PORT", "tcp://10.0.0.1:80"}, {"HAL_WORKERS", "65"}});
  ASSERT_FALSE(options.has_value());
  EXPECT_THAT(options.error().message(),
              testing::AllOf(testing::HasSubstr("SERVICE_PORT='tcp://10.0.0.1:80'"),
                             testing::HasSubstr("enableServiceLinks"),
                             testing::HasSubstr("HAL_WORKERS='65'")));
}

}  // namespace
}  // namespace hal::app
