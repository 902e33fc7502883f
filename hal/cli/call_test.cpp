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
  EXPECT_EQ(service_with(nodes, "greeter.Greeter/SayHello", "local"), "a");
  EXPECT_EQ(service_with(nodes, "Greeter/SayHello", "local"), "a");
  const auto both = service_with(nodes, "greeter.Greeter/Bye", "local");
  EXPECT_EQ(both.error().to_string(),
            "FAILED_PRECONDITION: a, b have Greeter.Bye: name one with --service");
  const auto none = service_with(nodes, "greeter.Greeter/Nothing", "local");
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  EXPECT_THAT(none.error().message(), HasSubstr("no service of the registry has Greeter.Nothing"));
  EXPECT_EQ(service_with({}, "greeter.Greeter/SayHello", "dns").error().to_string(),
            "FAILED_PRECONDITION: the dns registry cannot say which service has Greeter.SayHello: "
            "name it with --service");
  EXPECT_EQ(service_with(nodes, "Greeter/SayHello", "static"), "a") << "of HAL_STATIC_ADDRESSES";
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(Call, ShowsTheReplyAsJson) {
  const auto shown = [](const std::string& reply) {
    return fmt::format(R"({{"service":"a","status":{{"code":"OK","message":""}},"reply":{}}})"
                       "\n",
                       reply);
  };
  EXPECT_EQ(call_json("a", R"({"b": 1})"), shown(R"({"b":1})"));
  EXPECT_EQ(call_json("a", nested(256)), shown(nested(256)));
  EXPECT_EQ(call_json("a", nested(257)), shown('"' + nested(257) + '"'));
  EXPECT_EQ(call_json("a", "no JSON"), shown(R"("no JSON")"));
  EXPECT_EQ(call_json("a", error(Code::kNotFound, "gone")),
            R"({"service":"a","status":{"code":"NOT_FOUND","message":"gone"},"reply":null})"
            "\n");
}

TEST(Call, TellsAServersMessageWithoutItsControlCharacters) {
  EXPECT_EQ(call_failure({Code::kNotFound, "\033]0;x\agone\n"}),
            "hal call: NOT_FOUND: ?]0;x?gone?\n");
}

}  // namespace
}  // namespace hal::cli
