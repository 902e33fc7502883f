#include <hal/discovery/kubernetes/pods.hpp>

#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/fake_api_server.hpp>
#include <hal/discovery/testing/test_file.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace hal::discovery::kubernetes {
namespace {

namespace json = boost::json;
using testing::addresses_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::test_file;
using testing::TestPod;

json::object object_of(std::string_view text) {
  json::object object = json::parse(text).get_object();
  object["metadata"].get_object()["name"] = "greeter-1";
  return object;
}

TEST(Pods, NamesInLabelsAreGoMicros) {
  for (const auto& [name, label] : {std::pair{"greeter", "greeter"},
                                    {"go.micro.srv.x-1_Y", "go.micro.srv.x-1_Y"},
                                    {"a b/c", "a_b_c"},
                                    {"é", "__"}}) {
    EXPECT_EQ(label_name(name), label);
  }
}

TEST(Pods, AreAskedForBySelector) {
  const Resource one = pods_of("devel", "a b");
  EXPECT_EQ(one.path, "/api/v1/namespaces/devel/pods");
  EXPECT_EQ(one.selector, "micro.mu/selector-a_b=service");
  EXPECT_EQ(pods_of("devel", "").selector, "micro.mu/type=service");
}

TEST(Pods, AreNodesWhileTheyCanServe) {
  struct Case {
    TestPod pod;
    std::vector<std::string> addresses;
  };
  for (const Case& c : {
           Case{{}, {"127.0.1.1:8080"}},
           {{.phase = "Pending"}, {}},
           {{.phase = "Succeeded"}, {}},
           {{.phase = "Unknown"}, {}},
           {{.ready = false}, {}},
           {{.deleting = true}, {}},
           {{.ip = ""}, {}},
           {{.ip = "127.0.1.2"}, {}},
           {{.address = "evil.example:8080"}, {}},
           {{.address = "nonsense"}, {}},
           {{.annotation = "{"}, {}},
           {{.annotation =
                 "{\"name\":\"other\",\"nodes\":[{\"id\":\"a\",\"address\":\"127.0.1.1:1\"}]}"},
            {}},
           {{.annotation =
                 "{\"name\":\"greeter\",\"nodes\":[{\"id\":\"a\",\"address\":\"127.0.1.1:1\"},"
                 "{\"id\":\"b\",\"address\":\"127.0.1.1:2\"}]}"},
            {"127.0.1.1:1", "127.0.1.1:2"}},
           {{.annotation = "{\"name\":\"greeter\",\"nodes\":null}"}, {}},
       }) {
    const auto nodes = pods_of("devel", "greeter").nodes_of(object_of(to_json(c.pod)));
    EXPECT_EQ(addresses_of(nodes), c.addresses) << to_json(c.pod);
  }
}

TEST(Pods, HaveNodesAtTheirOwnAddresses) {
  json::object pod = object_of(to_json(TestPod{.address = "10.0.0.9:80"}));
  EXPECT_THAT(pods_of("devel", "greeter").nodes_of(pod), IsEmpty());
  pod["status"].get_object()["podIPs"] = json::parse(R"([{"ip":"fd00::1"},{"ip":"10.0.0.9"}])");
  EXPECT_THAT(addresses_of(pods_of("devel", "greeter").nodes_of(pod)), ElementsAre("10.0.0.9:80"));
}

TEST(Pods, HaveThemAtHostsOnlyIfThatIsAllowed) {
  const telemetry::testing::CapturedLogs logs;
  const auto found = [](std::string_view address, Addresses addresses) {
    json::object pod = object_of(to_json(TestPod{.address = std::string{address}}));
    pod["status"].get_object()["hostIP"] = "10.0.0.9";
    return addresses_of(pods_of("devel", "greeter", {}, addresses).nodes_of(pod));
  };
  for (const char* address : {"evil.example:8080", "greeter-1:8080", "10.0.0.9:80"}) {
    EXPECT_THAT(found(address, Addresses::kPods), IsEmpty()) << address;
    EXPECT_THAT(found(address, Addresses::kHosts), ElementsAre(address));
  }
  EXPECT_EQ(logs.count("the address evil.example:8080 of greeter is not the pod's (127.0.1.1)"),
            1U);
  EXPECT_THAT(found("10.0.0.8:80", Addresses::kHosts), IsEmpty()) << "a copied annotation";
  EXPECT_THAT(found("127.0.1.1:80", Addresses::kHosts), ElementsAre("127.0.1.1:80"));
}

TEST(Pods, AWrongRegistrationIsOneLogLine) {
  const telemetry::testing::CapturedLogs logs;
  const Resource pods = pods_of("devel", "greeter");
  const auto bad = object_of(to_json(TestPod{.annotation = "{"}));
  const auto stale = object_of(to_json(TestPod{.ip = "127.0.1.9"}));
  for (int i = 0; i < 3; ++i) {
    (void)pods.nodes_of(bad);
    (void)pods.nodes_of(stale);
  }
  ASSERT_EQ(logs.lines().size(), 2U);
  EXPECT_THAT(logs.lines()[0], HasSubstr("passing over a registration of pod greeter-1: not JSON"));
  EXPECT_THAT(logs.lines()[1],
              HasSubstr("the address 127.0.1.1:8080 of greeter is not the pod's (127.0.1.9)"));
}

TEST(Pods, ReadsWhatGoMicroRegistered) {
  json::object pod = json::parse(test_file("gomicro/pod-greeter.json")).get_object();
  const auto nodes = pods_of("devel", "hal9000-greeter").nodes_of(pod);
  ASSERT_EQ(nodes.size(), 1U);
  const service::Node& node = nodes.front();
  EXPECT_EQ(node.service, "hal9000-greeter");
  EXPECT_EQ(node.version, "v1");
  EXPECT_EQ(node.id, "hal9000-greeter-7d718de4-00e5-4db2-8bd5-46fb5132f907");
  EXPECT_EQ(node.address, "127.0.0.1:39090");
  EXPECT_THAT(node.endpoints, ElementsAre("Greeter.SayHello"));
  EXPECT_EQ(node.metadata.at("server"), "grpc");
  EXPECT_EQ(node.metadata.at("started"), "2026-11-23T13:19:39Z");
}

}  // namespace
}  // namespace hal::discovery::kubernetes
