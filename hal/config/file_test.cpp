#include <hal/config/file.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include <unistd.h>

namespace hal::config {
namespace {

std::string text_of(const File& file, std::string_view name) {
  const auto* entry = file.find(name);
  return entry == nullptr ? "(none)" : entry->text;
}

TEST(File, TakesVariablesAndNestedNames) {
  const auto file = File::parse(
      "# comment\n"
      "SERVICE_NAME: edge\n"
      "service:\n"
      "  port: 8080\n"
      "hal:\n"
      "  log-level: debug\n"
      "  static: {addresses: [a=b:1, c=d:2]}\n"
      "greeter_service_name: 'with # and: colon'\n"
      "HAL_WORKERS:\n"
      "HAL_REGISTRY: ''\n",
      "app.yaml");
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(text_of(*file, "SERVICE_NAME"), "edge");
  EXPECT_EQ(text_of(*file, "SERVICE_PORT"), "8080");
  EXPECT_EQ(file->find("SERVICE_PORT")->line, 4);
  EXPECT_EQ(text_of(*file, "HAL_LOG_LEVEL"), "debug");
  EXPECT_EQ(text_of(*file, "HAL_STATIC_ADDRESSES"), "a=b:1,c=d:2");
  EXPECT_EQ(text_of(*file, "GREETER_SERVICE_NAME"), "with # and: colon");
  EXPECT_EQ(text_of(*file, "HAL_WORKERS"), "(none)");
  EXPECT_EQ(text_of(*file, "HAL_REGISTRY"), "(none)");
  EXPECT_EQ(file->name(), "app.yaml");
}

TEST(File, AnEmptyOneHasNoOptions) {
  for (const std::string text : {"", "# nothing\n", "---\n", "~"}) {
    EXPECT_TRUE(File::parse(text, "f")) << text;
  }
}

TEST(File, SaysWhereItIsWrong) {
  std::string deep;
  for (std::size_t level = 0; level < 10; ++level) deep += std::string(2 * level, ' ') + "a:\n";
  std::string many;
  for (int number = 0; number <= 1000; ++number) many += "k" + std::to_string(number) + ": 1\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a: 1\nb: [1\n", "f:3: "},
      {"a: 1\n\tb: 2\n", "f:2: "},
      {"just text", "f:1: expected lines of `NAME: value`"},
      {"- a\n- b\n", "f:1: expected lines of `NAME: value`"},
      {"a_b: 1\na:\n  b: 2\n", "f:3: A_B is given in line 1 already"},
      {"A: 1\na: 2\n", "f:2: A is given in line 1 already"},
      {"a: [[1]]\n", "f:1: A: a list of texts only"},
      {"? [a, b]\n: c\n", "f:1: a key is a name"},
      {deep + std::string(20, ' ') + "b: 1\n", "nested too deeply"},
      {"a: &x\n  b: *x\n", "f:"},
      {many, "f:1001: there are too many values"},
      {"a: 1\n---\nb: 2\n", "f: more than one YAML document"},
  };
  for (const auto& [text, message] : cases) {
    const auto file = File::parse(text, "f");
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().code(), Code::kInvalidArgument);
    EXPECT_TRUE(file.error().message().find(message) != std::string::npos)
        << file.error().message() << " for\n"
        << text;
  }
}

TEST(File, NamesUnknownKeysWithLineAndNearestName) {
  const auto file = File::parse("hal:\n  log_levle: debug\nSERVICE_PORT: 1\nzz: 2\n", "app.yaml");
  ASSERT_TRUE(file);
  const std::vector<std::string> known{"HAL_LOG_LEVEL", "SERVICE_PORT"};
  EXPECT_EQ(file->check_known(known).error().message(),
            "app.yaml:2: HAL_LOG_LEVLE is no option, nearest is HAL_LOG_LEVEL; "
            "app.yaml:4: ZZ is no option, nearest is SERVICE_PORT");
  EXPECT_TRUE(File{}.check_known({}));
  EXPECT_EQ(File::parse("a: 1", "f")->check_known({}).error().message(), "f:1: A is no option");
}

TEST(File, IsLoaded) {
  const auto path =
      std::filesystem::temp_directory_path() / ("hal-file-test-" + std::to_string(::getpid()));
  std::ofstream{path} << "a: 1\n";
  EXPECT_EQ(text_of(*File::load(path), "A"), "1");
  std::ofstream{path} << "";
  EXPECT_TRUE(File::load(path));
  std::ofstream{path} << std::string(1024 * 1024 + 1, '#');
  EXPECT_EQ(File::load(path).error().message(), path.string() + " has more than 1 MiB");
  std::filesystem::remove(path);
  EXPECT_EQ(File::load(path).error().message(), path.string() + " cannot be read");
  EXPECT_FALSE(File::load("/"));
}

}  // namespace
}  // namespace hal::config
