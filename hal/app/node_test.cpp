#include <hal/app/node.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/app/version.hpp>

#include <unistd.h>

namespace hal::app {
namespace {

TEST(Node, IsReachableFromThisMachineWhenBoundToAllAddresses) {
  for (const char* host : {"", "0.0.0.0", "::"}) {
    EXPECT_EQ(reachable({.host = host, .port = 1}).host, "127.0.0.1") << host;
  }
  EXPECT_EQ(reachable({.host = "10.1.2.3", .port = 1}).host, "10.1.2.3");
  EXPECT_EQ(reachable({.host = "::", .port = 1}, "10.9.9.9").host, "10.9.9.9");
}

TEST(Node, SaysWhoItIsAsGoMicroDoesAndThatItIsOurs) {
  const auto node = describe_node(
      {.protocol = service::Protocol::kGrpc,
       .endpoint = {.host = "", .port = 8080},
       .endpoints = {"Greeter.SayHello"}},
      {.service = "hal9000-greeter", .metadata = {{"zone", "a"}, {kStartedMetadata, "now"}}});
  EXPECT_THAT(node.id, testing::MatchesRegex("hal9000-greeter-[0-9a-f-]+"));
  EXPECT_EQ(node.address, "127.0.0.1:8080");
  EXPECT_EQ(node.service, "hal9000-greeter");
  const std::map<std::string, std::string> expected{{"protocol", "grpc"},
                                                    {"server", "grpc"},
                                                    {"zone", "a"},
                                                    {kStartedMetadata, "now"},
                                                    {"hal", std::string{kVersion}},
                                                    {kPidMetadata, std::to_string(::getpid())}};
  EXPECT_EQ(node.metadata, expected);
  EXPECT_THAT(node.endpoints, testing::ElementsAre("Greeter.SayHello"));
  EXPECT_THAT(describe_node({}, {.service = "a"}).metadata[kStartedMetadata],
              testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

Result<NodeOptions> read(config::Environment::Variables variables) {
  return config::read<NodeOptions>({config::Environment{std::move(variables)}, {}});
}

TEST(Node, TakesGoMicrosVariables) {
  const auto options = read({{"MICRO_SERVER_VERSION", "v7"},
                             {"MICRO_SERVER_ID", "one"},
                             {"MICRO_SERVER_ADVERTISE", "10.1.2.3:81"},
                             {"MICRO_SERVER_METADATA", "zone=a, team=b=c"},
                             {"MICRO_SERVER_ADDRESS", ":9000"}});
  ASSERT_TRUE(options) << options.error().to_string();
  ASSERT_TRUE(check(*options));
  EXPECT_EQ(options->service_address, ":9000");
  const auto node =
      describe_node({.endpoint = {.host = "", .port = 80}}, {.service = "x", .options = *options});
  EXPECT_EQ(node.id, "x-one");
  EXPECT_EQ(node.version, "v7");
  EXPECT_EQ(node.address, "10.1.2.3:81");
  EXPECT_EQ(node.metadata.at("zone"), "a");
  EXPECT_EQ(node.metadata.at("team"), "b=c");
}

TEST(Node, IsAdvertisedAsItIsTold) {
  const auto address = [](std::string advertised) {
    return describe_node({.endpoint = {.host = "", .port = 80}},
                         {.service = "x",
                          .host = "10.0.0.1",
                          .options = {.service_advertise = std::move(advertised)}})
        .address;
  };
  EXPECT_EQ(address(""), "10.0.0.1:80");
  EXPECT_EQ(address("pod.example"), "pod.example:80");
  EXPECT_EQ(address("pod.example:81"), "pod.example:81");
  EXPECT_EQ(address(":81"), "10.0.0.1:81");
  EXPECT_EQ(address("fd00::1"), "[fd00::1]:80");
}

TEST(Node, RefusesWhatIsWrong) {
  for (const auto& [options, message] :
       {std::pair{NodeOptions{.service_address = "80"}, "SERVICE_ADDRESS='80'"},
        {NodeOptions{.service_advertise = "a:b"}, "SERVICE_ADVERTISE='a:b'"},
        {NodeOptions{.service_metadata = {"a"}}, "SERVICE_METADATA='a': allowed is key=value"}}) {
    const auto result = check(options);
    ASSERT_FALSE(result) << message;
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(result.error().message(), testing::HasSubstr(message));
  }
}

}  // namespace
}  // namespace hal::app
