#include <hal/app/settings.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hal::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct First {
  int one = 1;
  std::string two = "zwei";
};
BOOST_DESCRIBE_STRUCT(First, (), (one, two))

struct Second {
  config::Port port{80};
};
BOOST_DESCRIBE_STRUCT(Second, (), (port))

template <class Options>
Result<> read_fresh(const config::Source& source, std::vector<config::Setting>* settings) {
  Options options{};
  return config::read_into(options, source, settings);
}

config::Source with_file(const std::string& text) {
  return {.file = config::File::parse(text, "app.yaml").value()};
}

std::vector<std::string> texts(const std::vector<config::Setting>& settings) {
  std::vector<std::string> texts;
  for (const auto& setting : settings) texts.push_back(setting.name + "=" + setting.value);
  return texts;
}

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    const auto source = with_file("one: 2");
    EXPECT_TRUE(settings_.add(source, read_fresh<First>));
    EXPECT_TRUE(settings_.add(source, read_fresh<Second>));
  }
  Settings settings_;
};

TEST_F(SettingsTest, KeepsWhatWasRead) {
  EXPECT_THAT(texts(settings_.all()), ElementsAre("ONE=2", "TWO=zwei", "PORT=80"));
}

TEST_F(SettingsTest, KeepsSettingsThatAreRefused) {
  Settings settings;
  EXPECT_FALSE(settings.add(with_file("one: x"), read_fresh<First>));
  EXPECT_THAT(texts(settings.all()), ElementsAre("ONE=1", "TWO=zwei"));
}

TEST_F(SettingsTest, TellsWhatAnotherReadingChanges) {
  const auto now = settings_.read_again(with_file("one: 3\ntwo: zwei\nport: 81"));
  ASSERT_TRUE(now) << now.error().to_string();
  const auto changes = settings_.changes(*now);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].before.value, "2");
  EXPECT_EQ(changes[0].after.value, "3");
  EXPECT_EQ(changes[0].after.source, "file app.yaml:1");
  EXPECT_EQ(changes[1].after.name, "PORT");
  EXPECT_THAT(texts(settings_.all()), ElementsAre("ONE=2", "TWO=zwei", "PORT=80"));
  settings_.replace(changes[0].after);
  EXPECT_THAT(texts(settings_.all()), ElementsAre("ONE=3", "TWO=zwei", "PORT=80"));
}

TEST_F(SettingsTest, AnOptionThatIsGoneIsBackAtItsDefault) {
  const auto changes = settings_.changes(*settings_.read_again({}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].after.value, "1");
  EXPECT_EQ(changes[0].after.source, "default");
}

TEST_F(SettingsTest, CollectsAllThatIsWrong) {
  const auto wrong = settings_.read_again(with_file("one: x\nport: y"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kInvalidArgument);
  EXPECT_THAT(wrong.error().message(), HasSubstr("app.yaml:1: ONE='x'"));
  EXPECT_THAT(wrong.error().message(), HasSubstr("app.yaml:2: PORT='y'"));
  EXPECT_THAT(settings_.read_again(with_file("prot: 1")).error().message(),
              HasSubstr("app.yaml:1: PROT is no option, nearest is PORT"));
}

}  // namespace
}  // namespace hal::app
