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
}

TEST(Node, SaysWhoItIsAsGoMicroDoesAndThatItIsOurs) {
  const auto node =
      describe_node({.protocol = service::Protocol::kGrpc, .endpoint = {.host = "", .port = 8080}},
                    "hal9000-greeter", {{"zone", "a"}});
  EXPECT_THAT(node.id, testing::MatchesRegex("hal9000-greeter-[0-9a-f-]+"));
  EXPECT_EQ(node.address, "127.0.0.1:8080");
  EXPECT_EQ(node.service, "hal9000-greeter");
  const std::map<std::string, std::string> expected{{"protocol", "grpc"},
                                                    {"server", "grpc"},
                                                    {"zone", "a"},
                                                    {"hal", std::string{kVersion}},
                                                    {kPidMetadata, std::to_string(::getpid())}};
  EXPECT_EQ(node.metadata, expected);
}

}  // namespace
}  // namespace hal::app
