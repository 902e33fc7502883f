#include <hal/app/command.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/app/options.hpp>

namespace hal::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<config::Setting> settings() {
  std::vector<config::Setting> settings;
  EXPECT_TRUE(config::read<AppOptions>({}, &settings));
  return settings;
}

config::Arguments arguments(const std::vector<std::string>& words) {
  return config::Arguments::parse(words).value();
}

TEST(Command, IsReadFromTheFlags) {
  EXPECT_EQ(command_of(arguments({})), Command::kServe);
  EXPECT_EQ(command_of(arguments({"--service-port=1"})), Command::kServe);
  EXPECT_EQ(command_of(arguments({"--help"})), Command::kHelp);
  EXPECT_EQ(command_of(arguments({"--check-config", "--help"})), Command::kHelp);
  EXPECT_EQ(command_of(arguments({"--service-port=1", "--print-config"})), Command::kPrintConfig);
  EXPECT_EQ(command_of(arguments({"--check-config"})), Command::kCheckConfig);
}

TEST(Command, ItsFlagsAreKnown) {
  const auto flags = known_flags(settings());
  for (const char* flag : {"help", "print-config", "check-config", "service-port"}) {
    EXPECT_THAT(flags, Contains(flag));
  }
}

TEST(Command, HelpNamesFlagVariableDefaultAndHelp) {
  const auto text = help_text("hal9000-api", settings());
  EXPECT_TRUE(text.starts_with("usage: hal9000-api [--option=value ...]\n"));
  EXPECT_THAT(text, HasSubstr("  --check-config\n"));
  EXPECT_THAT(text, HasSubstr("  --service-port, SERVICE_PORT [8080]\n"
                              "      port to listen on; 0: any free one\n"));
  EXPECT_THAT(text, HasSubstr("  --drain-timeout, HAL_DRAIN_TIMEOUT [25s]\n"));
}

TEST(Command, WarnsOfVariablesThatAreMistyped) {
  const config::Environment environment{{{"HAL_LOGLEVEL", "debug"},
                                         {"HAL_LOG_FORMAT", "json"},
                                         {"HAL_COLLECTOR_OTLP_PORT", "1"},
                                         {"HAL_UP_ONCE", "1"},
                                         {"HAL_DOCTOR_LIMIT", "10"},
                                         {"HAL_SERVICE_HOST", "10.0.0.1"},
                                         {"PATH", "/bin"}}};
  EXPECT_THAT(
      unknown_variable_warnings(environment, settings()),
      ElementsAre("HAL_LOGLEVEL is set, but no option is called so; nearest is HAL_LOG_LEVEL"));
}

}  // namespace
}  // namespace hal::app
