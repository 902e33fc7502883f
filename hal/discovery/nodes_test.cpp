#include <hal/discovery/nodes.hpp>

#include <hal/discovery/testing/blocking.hpp>

#include <gmock/gmock.h>

namespace hal::discovery {
namespace {

using service::Node;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::make_node;

TEST(Nodes, AnOrdinaryNodeIsFine) {
  EXPECT_TRUE(check(make_node("greeter")));
  Node bare = make_node("greeter");
  bare.version = "";
  bare.metadata.clear();
  bare.address = "[::1]:1";
  EXPECT_TRUE(check(bare));
}

TEST(Nodes, WhatIsMissingTooLongOrCannotBeDialledIsRefused) {
  struct Case {
    void (*spoil)(Node& node);
    std::string_view message;
  };
  for (const Case& c : {
           Case{[](Node& n) { n.service = ""; }, "the node has no service name"},
           {[](Node& n) { n.id = ""; }, "the node has no id"},
           {[](Node& n) { n.address = ""; }, "the node has no address"},
           {[](Node& n) { n.address = "localhost"; }, "port is missing"},
           {[](Node& n) { n.address = ":80"; }, "needs a host and a port above 0"},
           {[](Node& n) { n.address = "localhost:0"; }, "needs a host and a port above 0"},
           {[](Node& n) { n.address = "http://a:80"; }, "the node's address"},
           {[](Node& n) { n.service.assign(254, 'a'); }, "has 254 bytes, 253 are allowed"},
           {[](Node& n) { n.version.assign(254, 'a'); }, "version has 254 bytes"},
           {[](Node& n) { n.id.assign(513, 'a'); }, "id has 513 bytes, 512 are allowed"},
           {[](Node& n) { n.address.assign(301, 'a'); }, "address has 301 bytes"},
           {[](Node& n) { n.metadata["k"].assign(4097, 'a'); }, "longer than 4096 bytes"},
           {[](Node& n) { n.metadata[std::string(4097, 'a')]; }, "longer than 4096 bytes"},
           {[](Node& n) {
              for (int i = 0; i < 65; ++i) n.metadata[fmt::format("key-{}", i)];
            },
            "metadata entries, 64 are allowed"},
       }) {
    Node node = make_node("greeter");
    c.spoil(node);
    const auto result = check(node);
    ASSERT_FALSE(result) << c.message;
    EXPECT_EQ(result.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(result.error().message(), HasSubstr(c.message));
  }
}

TEST(Nodes, AreSortedByServiceThenId) {
  std::vector<Node> nodes{make_node("b", 2), make_node("a", 9), make_node("b", 1)};
  sort(nodes);
  EXPECT_THAT(testing::ids_of(nodes), ElementsAre("a-9", "b-1", "b-2"));
}

}  // namespace
}  // namespace hal::discovery
