#include <hal/config/arguments.hpp>

#include <gtest/gtest.h>

namespace hal::config {
namespace {

Result<Arguments> parse(const std::vector<std::string>& words) { return Arguments::parse(words); }

TEST(Arguments, ReadsBothFormsOfAFlag) {
  const auto arguments = parse({"--a=1", "--b", "2", "--c", "--d=x=y", "--e="});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(*arguments->find("a"), Flag{"1"});
  EXPECT_EQ(*arguments->find("b"), Flag{"2"});
  EXPECT_EQ(*arguments->find("c"), Flag{});
  EXPECT_EQ(*arguments->find("d"), Flag{"x=y"});
  EXPECT_EQ(*arguments->find("e"), Flag{""});
  EXPECT_EQ(arguments->find("f"), nullptr);
  EXPECT_TRUE(arguments->positional().empty());
}

TEST(Arguments, KeepsPositionalArguments) {
  const auto arguments = parse({"up", "--a", "1", "-", "-5", "--", "--a=2", "-x"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->positional(), (std::vector<std::string>{"up", "-", "-5", "--a=2", "-x"}));
  EXPECT_EQ(*arguments->find("a"), Flag{"1"});
}

TEST(Arguments, TheLastFlagOfANameWins) {
  EXPECT_EQ(*parse({"--a=1", "--a=2"})->find("a"), Flag{"2"});
}

TEST(Arguments, ANegativeNumberIsAValue) {
  EXPECT_EQ(*parse({"--a", "-5"})->find("a"), Flag{"-5"});
}

TEST(Arguments, RefusesWhatIsNoFlag) {
  EXPECT_EQ(parse({"-v"}).error().to_string(),
            "INVALID_ARGUMENT: argument '-v': flags are written --name=value");
  EXPECT_EQ(parse({"--=1"}).error().message(), "argument '--=1': the flag has no name");
}

TEST(Arguments, LeavesTheProgramsNameOut) {
  const char* const argv[] = {"program", "--a=1", "word"};
  const auto arguments = Arguments::parse(3, argv);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->positional(), std::vector<std::string>{"word"});
  EXPECT_TRUE(Arguments::parse(0, nullptr)->positional().empty());
}

TEST(Arguments, ListsWhatIsKnown) {
  const auto arguments = parse({"--a", "--b", "--c"});
  const std::vector<std::string> all{"c", "b", "a"};
  EXPECT_TRUE(arguments->check_known(all));
  const std::vector<std::string> some{"x", "c"};
  EXPECT_EQ(arguments->check_known(some).error().message(),
            "unknown flags --a, --b; known: --c, --x");
  EXPECT_EQ(parse({"--a"})->check_known({}).error().message(), "unknown flag --a; known: none");
}

}  // namespace
}  // namespace hal::config
