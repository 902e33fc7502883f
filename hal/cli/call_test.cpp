#include <hal/cli/call.hpp>

#include <gmock/gmock.h>

namespace hal::cli {
namespace {

using service::Node;
using ::testing::HasSubstr;

TEST(Call, FindsTheServiceThatHasTheMethod) {
  const auto node = [](std::string service, std::vector<std::string> endpoints) {
    return Node{.id{},
                .address{},
                .service = std::move(service),
                .version{},
                .metadata{},
                .endpoints = std::move(endpoints)};
  };
  const std::vector<Node> nodes{node("a", {"Greeter.SayHello", "Greeter.Bye"}),
                                node("a", {"Greeter.SayHello"}), node("b", {"Greeter.Bye"})};
  EXPECT_EQ(service_with(nodes, "greeter.Greeter/SayHello"), "a");
  EXPECT_EQ(service_with(nodes, "Greeter/SayHello"), "a");
  const auto both = service_with(nodes, "greeter.Greeter/Bye");
  EXPECT_EQ(both.error().to_string(),
            "FAILED_PRECONDITION: a, b have Greeter.Bye: name one with --service");
  const auto none = service_with(nodes, "greeter.Greeter/Nothing");
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  EXPECT_THAT(none.error().message(), HasSubstr("no service of the registry has Greeter.Nothing"));
}

}  // namespace
}  // namespace hal::cli
