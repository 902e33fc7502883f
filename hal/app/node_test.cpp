#include <hal/app/node.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/app/version.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

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
  auto node = describe_node({.protocol = service::Protocol::kGrpc,
                             .endpoint = {.host = "", .port = 8080},
                             .endpoints = {"Greeter.SayHello"}},
                            {.service = "hal9000-greeter", .metadata = {{"zone", "a"}}});
  EXPECT_THAT(node.id, testing::MatchesRegex("hal9000-greeter-[0-9a-f-]+"));
  EXPECT_EQ(node.address, "127.0.0.1:8080");
  EXPECT_EQ(node.service, "hal9000-greeter");
  EXPECT_THAT(node.metadata[kStartedMetadata], testing::MatchesRegex("20..-..-..T..:..:..Z"));
  node.metadata.erase(kStartedMetadata);
  const std::map<std::string, std::string> expected{{"protocol", "grpc"},
                                                    {"server", "grpc"},
                                                    {"zone", "a"},
                                                    {"hal", std::string{kVersion}},
                                                    {kPidMetadata, std::to_string(::getpid())}};
  EXPECT_EQ(node.metadata, expected);
  EXPECT_THAT(node.endpoints, testing::ElementsAre("Greeter.SayHello"));
}

TEST(Node, IsWhatTheKitSaysOfItselfWhateverTheOptionsSay) {
  const auto plain = describe_node({}, {.service = "a"}).metadata;
  NodeNaming naming{.service = "a", .metadata = {{"zone", "mine"}}};
  naming.options.service_metadata = {"zone=theirs", "team=b"};
  for (const auto& [key, value] : plain) {
    naming.options.service_metadata.push_back(key + "=wrong");
    naming.metadata.emplace(key, "wrong");
  }
  auto node = describe_node({}, naming);
  ASSERT_EQ(plain.size(), 5);
  for (const auto& [key, value] : plain) EXPECT_NE(node.metadata[key], "wrong") << key;
  EXPECT_EQ(node.metadata["zone"], "mine");
  EXPECT_EQ(node.metadata["team"], "b");
}

TEST(Node, TellsTheRegistrySoManyEndpoints) {
  service::Listening listening{};
  for (std::size_t i = 0; i < kEndpointsMax; ++i) {
    listening.endpoints.push_back(fmt::format("Service.Method{}", i));
  }
  const auto all = listening.endpoints;
  telemetry::testing::CapturedLogs logs;
  EXPECT_EQ(describe_node(listening, {.service = "a"}).endpoints, all);
  EXPECT_THAT(logs.lines(), testing::IsEmpty());
  listening.endpoints.insert(listening.endpoints.end(), {"Service.Last", "Service.VeryLast"});
  EXPECT_EQ(describe_node(listening, {.service = "a"}).endpoints, all);
  EXPECT_EQ(logs.count("256 of the 258 endpoints of a: 2 are left out"), 1);
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
