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
  const auto node =
      describe_node({.protocol = service::Protocol::kGrpc,
                     .endpoint = {.host = "", .port = 8080},
                     .endpoints = {"Greeter.SayHello"}},
                    "hal9000-greeter", "127.0.0.1", {{"zone", "a"}, {kStartedMetadata, "now"}});
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
  EXPECT_THAT(describe_node({}, "a", "127.0.0.1", {}).metadata[kStartedMetadata],
              testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

}  // namespace
}  // namespace hal::app
