#include <hal/discovery/node_json.hpp>

#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/test_file.hpp>

#include <gmock/gmock.h>

namespace hal::discovery {
namespace {

using service::Node;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_node;
using testing::test_file;

TEST(NodeJson, IsWrittenInGoMicrosOrder) {
  const auto text = to_json(make_node("greeter"));
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, R"({"name":"greeter","version":"v1","metadata":null,"endpoints":[],"nodes":)"
                   R"([{"id":"greeter-1","address":"127.0.0.1:1001",)"
                   R"("metadata":{"protocol":"grpc","server":"grpc"}}]})");
}

TEST(NodeJson, SeveralNodesShareServiceAndEndpoints) {
  Node one = make_node("greeter", 1);
  one.endpoints = {"Greeter.SayHello"};
  Node two = make_node("greeter", 2);
  two.endpoints = one.endpoints;
  const auto text = to_json(std::vector{one, two});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr(R"("endpoints":[{"name":"Greeter.SayHello","request":null,)"
                               R"("response":null,"metadata":{}}],"nodes":[{"id":"greeter-1")"));
  EXPECT_THAT(nodes_from_json(*text).value(), ElementsAre(one, two));
}

TEST(NodeJson, ReadsWhatItWrites) {
  Node odd = make_node("greeter");
  odd.version = "";
  odd.metadata = {{"", ""}, {"quote", "\"\\\n\t\x01"}, {"wide", "grüß 漢字 \U0001F680"}};
  for (const Node& node : {make_node("greeter"), odd}) {
    const auto text = to_json(node);
    ASSERT_TRUE(text);
    EXPECT_FALSE(text->contains('\n'));
    const auto nodes = nodes_from_json(*text);
    ASSERT_TRUE(nodes) << nodes.error().to_string();
    EXPECT_THAT(*nodes, ElementsAre(node));
  }
}

TEST(NodeJson, RefusesToWriteWhatNobodyCouldRead) {
  Node node = make_node("greeter");
  node.metadata["latin-1"] = "gr\xfc\xdf";
  EXPECT_EQ(to_json(node).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(to_json(Node{}).error().message(), "the node has no service name");
}

TEST(NodeJson, ReadsTheDocumentsOfGoMicro) {
  const auto greeter = nodes_from_json(test_file("gomicro/greeter.json"));
  ASSERT_TRUE(greeter) << greeter.error().to_string();
  EXPECT_THAT(*greeter,
              ElementsAre(Node{.id = "hal9000-greeter-7d718de4-00e5-4db2-8bd5-46fb5132f907",
                               .address = "127.0.0.1:39090",
                               .service = "hal9000-greeter",
                               .version = "v1",
                               .metadata = {{"broker", "http"},
                                            {"protocol", "grpc"},
                                            {"registry", "kubernetes"},
                                            {"server", "grpc"},
                                            {"transport", "grpc"}},
                               .endpoints = {"Greeter.SayHello"}}));
  const auto web = nodes_from_json(test_file("gomicro/web.json"));
  ASSERT_TRUE(web) << web.error().to_string();
  ASSERT_EQ(web->size(), 1U);
  EXPECT_EQ(web->front().service, "hal9000-api");
  EXPECT_THAT(web->front().metadata, IsEmpty());
  EXPECT_THAT(web->front().endpoints, ElementsAre("/"));
}

TEST(NodeJson, NullAndAbsentAreEmptyAndUnknownKeysArePassedOver) {
  for (const std::string_view text :
       {R"({})", R"({"name":"a","nodes":null})", R"({"name":"a","version":null,"nodes":[]})"}) {
    const auto nodes = nodes_from_json(text);
    ASSERT_TRUE(nodes) << text;
    EXPECT_THAT(*nodes, IsEmpty()) << text;
  }
  const auto nodes =
      nodes_from_json(R"({"later":[1,{}],"name":"a","nodes":[{"id":"1","address":"h:1","x":1},)"
                      R"({"id":"2","address":"h:2","metadata":null}]})");
  ASSERT_TRUE(nodes) << nodes.error().to_string();
  EXPECT_THAT(testing::ids_of(*nodes), ElementsAre("1", "2"));
}

TEST(NodeJson, SaysWhatIsWrong) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  for (const Case& c : {
           Case{"", "not JSON"},
           {"{", "not JSON"},
           {R"({"name":"a"} x)", "not JSON"},
           {"{\"name\":\"\xff\"}", "not JSON"},
           {"[]", "the document is not an object"},
           {"null", "the document is not an object"},
           {R"({"name":1})", "\"name\" is not a string"},
           {R"({"version":{}})", "\"version\" is not a string"},
           {R"({"nodes":{}})", "\"nodes\" is not a list"},
           {R"({"name":"a","nodes":[1]})", "\"nodes\" is not a list of objects"},
           {R"({"name":"a","nodes":[{"id":1}]})", "\"id\" is not a string"},
           {R"({"name":"a","nodes":[{"id":"1","address":[]}]})", "\"address\" is not a string"},
           {R"({"name":"a","nodes":[{"id":"1"}]})", "the node has no address"},
           {R"({"name":"a","nodes":[{"address":"h:1"}]})", "the node has no id"},
           {R"({"nodes":[{"id":"1","address":"h:1"}]})", "the node has no service name"},
           {R"({"name":"a","nodes":[{"id":"1","address":"h"}]})", "port is missing"},
           {R"({"name":"a","nodes":[{"id":"1","address":"h:1","metadata":[]}]})",
            "\"metadata\" is not an object"},
           {R"({"name":"a","nodes":[{"id":"1","address":"h:1","metadata":{"k":1}}]})",
            "\"k\" is not a string"},
       }) {
    const auto nodes = nodes_from_json(c.text);
    ASSERT_FALSE(nodes) << c.text;
    EXPECT_EQ(nodes.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(nodes.error().message(), HasSubstr(c.message)) << c.text;
  }
}

TEST(NodeJson, DepthAndCountHaveLimits) {
  std::string deep = R"({"endpoints":)";
  deep.append(100, '[').append(100, ']').append("}");
  EXPECT_FALSE(nodes_from_json(deep));
  std::string many = R"({"name":"a","nodes":[)";
  for (int i = 0; i < 257; ++i) {
    many += fmt::format(R"({}{{"id":"{}","address":"h:1"}})", i == 0 ? "" : ",", i);
  }
  many += "]}";
  EXPECT_THAT(nodes_from_json(many).error().message(), HasSubstr("at most 256"));
}

TEST(NodeJson, EveryPieceOfADocumentIsReadOrRefused) {
  const std::string text = test_file("gomicro/greeter.json");
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_FALSE(nodes_from_json(std::string_view{text}.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace hal::discovery
