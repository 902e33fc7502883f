#include <hal/discovery/endpointslice/slices.hpp>

#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/test_file.hpp>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace hal::discovery::endpointslice {
namespace {

namespace json = boost::json;
using testing::addresses_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Endpoint {
  std::string address;
  std::string conditions = R"({"ready":true})";
  std::string hints = "null";
};

json::object slice_of(const std::vector<Endpoint>& endpoints, std::string_view type = "IPv4",
                      std::string_view ports = R"([{"name":"grpc","port":8080}])") {
  std::string list;
  for (const auto& each : endpoints) {
    list += fmt::format(R"({}{{"addresses":["{}","10.9.9.9"],"conditions":{},"hints":{}}})",
                        list.empty() ? "" : ",", each.address, each.conditions, each.hints);
  }
  return json::parse(fmt::format(R"({{"addressType":"{}","endpoints":[{}],"ports":{}}})", type,
                                 list, ports))
      .get_object();
}

/// The addresses that all of these slices make.
std::vector<std::string> addresses(const std::vector<json::object>& slices,
                                   std::string_view zone = "", std::string port = "") {
  const auto resource =
      slices_of({.ns = "devel", .service = "greeter", .port = std::move(port)}, zone, "greeter");
  std::vector<service::Node> all;
  for (const auto& slice : slices) {
    for (auto& node : resource.nodes_of(slice)) all.push_back(std::move(node));
  }
  resource.choose(all);
  for (const auto& node : all) {
    for (const auto& [key, value] : node.metadata) EXPECT_EQ(key, "pod") << value;
  }
  return addresses_of(all);
}

TEST(SliceTarget, IsAServiceAndAPort) {
  struct Case {
    std::string_view name, ns, service, port;
  };
  for (const Case& c : {Case{"greeter", "mine", "greeter", ""},
                        {"greeter:grpc", "mine", "greeter", "grpc"},
                        {"k8s://devel/greeter", "devel", "greeter", ""},
                        {"k8s://devel/greeter:8080", "devel", "greeter", "8080"}}) {
    const auto target = parse_target(c.name, "mine");
    ASSERT_TRUE(target) << c.name;
    EXPECT_EQ(target->ns, c.ns);
    EXPECT_EQ(target->service, c.service);
    EXPECT_EQ(target->port, c.port);
  }
  for (const std::string& name :
       {std::string{}, std::string{"k8s://greeter"}, std::string{"k8s:///greeter"},
        std::string{"a/b"}, std::string{"greeter:"}, std::string{"a:b:c"}, std::string{"Greeter"},
        std::string{"-a"}, std::string{"a%2f"}, std::string(64, 'a')}) {
    const auto target = parse_target(name, "mine");
    ASSERT_FALSE(target) << name;
    EXPECT_EQ(target.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(target.error().message(), HasSubstr("k8s://namespace/service[:port]"));
  }
}

TEST(Slices, AreAskedForByService) {
  const auto resource = slices_of({.ns = "devel", .service = "greeter"}, "", "greeter");
  EXPECT_EQ(resource.path, "/apis/discovery.k8s.io/v1/namespaces/devel/endpointslices");
  EXPECT_EQ(resource.selector, "kubernetes.io/service-name=greeter");
}

TEST(Slices, ReadyEndpointsAreNodes) {
  EXPECT_THAT(
      addresses({slice_of({{"10.0.0.1"},
                           {"10.0.0.2", R"({"ready":false,"serving":false})"},
                           {"10.0.0.3", R"({})"},
                           {"10.0.0.4", R"({"ready":false,"serving":true,"terminating":true})"},
                           {"10.0.0.5", R"({"ready":null})"}})}),
      ElementsAre("10.0.0.1:8080", "10.0.0.3:8080", "10.0.0.5:8080"));
}

TEST(Slices, ThoseThatTerminateServeWhenNobodyElseDoes) {
  EXPECT_THAT(addresses({slice_of(
                  {{"10.0.0.1", R"({"ready":false,"serving":true,"terminating":true})"},
                   {"10.0.0.2", R"({"ready":false,"serving":false,"terminating":true})"},
                   {"10.0.0.3", R"({"ready":false,"serving":true,"terminating":false})"}})}),
              ElementsAre("10.0.0.1:8080"));
}

TEST(Slices, HintsAreForZones) {
  const auto hints = [](std::string_view zone) {
    return fmt::format(R"({{"forZones":[{{"name":"{}"}}]}})", zone);
  };
  const std::string ready = R"({"ready":true})";
  const auto all = slice_of({{"10.0.0.1", ready, hints("a")}, {"10.0.0.2", ready, hints("b")}});
  EXPECT_THAT(addresses({all}, "a"), ElementsAre("10.0.0.1:8080"));
  EXPECT_THAT(addresses({all}, "b"), ElementsAre("10.0.0.2:8080"));
  EXPECT_EQ(addresses({all}, "c").size(), 2U) << "no hint for this zone";
  EXPECT_EQ(addresses({all}, "").size(), 2U) << "the zone is not known";
  const auto some = slice_of({{"10.0.0.1", ready, hints("a")}, {"10.0.0.2"}});
  EXPECT_EQ(addresses({some}, "a").size(), 2U) << "one has no hint";
}

TEST(Slices, PortsAreFoundByNameAndNumber) {
  constexpr std::string_view kTwo =
      R"([{"name":"http","port":80,"protocol":"TCP"},{"name":"grpc","port":8080,"protocol":"TCP"},)"
      R"({"name":"udp","port":53,"protocol":"UDP"}])";
  const auto slice = slice_of({{"10.0.0.1"}}, "IPv4", kTwo);
  for (const auto& [port, address] : {std::pair{"", "10.0.0.1:8080"},
                                      {"http", "10.0.0.1:80"},
                                      {"80", "10.0.0.1:80"},
                                      {"grpc", "10.0.0.1:8080"}}) {
    EXPECT_THAT(addresses({slice}, "", port), ElementsAre(address)) << port;
  }
  for (const char* port : {"udp", "other", "81"}) {
    EXPECT_THAT(addresses({slice}, "", port), IsEmpty()) << port;
  }
  const auto nameless = slice_of({{"10.0.0.1"}}, "IPv4", R"([{"name":"","port":9000}])");
  EXPECT_THAT(addresses({nameless}), ElementsAre("10.0.0.1:9000"));
  EXPECT_THAT(addresses({slice_of({{"10.0.0.1"}}, "IPv4", "null")}), IsEmpty());
}

TEST(Slices, Ipv4ComesBeforeIpv6AndNothingTwice) {
  const auto four = slice_of({{"10.0.0.1"}});
  const auto six = slice_of({{"fd00::1"}}, "IPv6");
  EXPECT_THAT(addresses({six, four, four}), ElementsAre("10.0.0.1:8080"));
  EXPECT_THAT(addresses({six}), ElementsAre("[fd00::1]:8080"));
  EXPECT_THAT(addresses({slice_of({{"a.example"}}, "FQDN")}), IsEmpty());
}

TEST(Slices, ReadsARecordedOne) {
  const auto list = json::parse(testing::test_file("kubernetes/endpointslices.json"));
  const auto& slice = list.at("items").at(0).get_object();
  const auto resource = slices_of({.ns = "devel", .service = "greeter"}, "", "k8s://devel/greeter");
  auto nodes = resource.nodes_of(slice);
  resource.choose(nodes);
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes.front().address, "10.244.0.12:8080");
  EXPECT_EQ(nodes.front().service, "k8s://devel/greeter");
  EXPECT_EQ(nodes.front().metadata.at("pod"), "greeter-2");
}

}  // namespace
}  // namespace hal::discovery::endpointslice
