#include <hal/discovery/registry_choice.hpp>

#include <hal/async/testing/manual_loop.hpp>
#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/net/testing/memory_network.hpp>

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace hal::discovery {
namespace {

using testing::addresses_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using Variables = config::Environment::Variables;

net::testing::MemoryNetwork network;
hal::testing::ManualLoop loop;

Result<RegistryChoice> make(Variables variables) {
  return make_discovery(config::Environment{std::move(variables)}, {network, loop});
}

TEST(RegistryChoice, FollowsTheEnvironment) {
  const TemporaryFolder folder;
  struct Case {
    Variables variables;
    std::string_view name;
    std::string_view why;
  };
  for (Case c : {
           Case{{}, "local", "not in a pod, and nothing else is asked for; folder /"},
           {{{"HAL_REGISTRY", "auto"}}, "local", "not in a pod"},
           {{{"HAL_REGISTRY", "local"}}, "local", "HAL_REGISTRY=local; folder /"},
           {{{"MICRO_REGISTRY", "local"}}, "local", "MICRO_REGISTRY=local; folder /"},
           {{{"HAL_REGISTRY", "static"}}, "static", "HAL_REGISTRY=static; dials <service>:8080"},
           {{{"HAL_REGISTRY", "static"}, {"STATIC_SELECTOR_DOMAIN_NAME", "ns"}},
            "static",
            "dials <service>.ns:8080"},
           {{{"HAL_REGISTRY", "static"}, {"STATIC_SELECTOR_PORT_NUMBER", "81"}},
            "static",
            "dials <service>:81"},
           {{{"MICRO_SELECTOR", "static"}}, "static", "MICRO_SELECTOR=static; dials"},
           {{{"MICRO_SELECTOR", "registry"}}, "local", "not in a pod"},
           {{{"MICRO_SELECTOR", "static"}, {"MICRO_REGISTRY", "kubernetes"}},
            "static",
            "MICRO_SELECTOR=static"},
           {{{"MICRO_SELECTOR", "static"}, {"HAL_REGISTRY", "local"}},
            "local",
            "HAL_REGISTRY=local"},
           {{{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}},
            "static",
            "in a pod that cannot ask the API server: /var/run/secrets"},
           {{{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}, {"HAL_REGISTRY", "local"}},
            "local",
            "HAL_REGISTRY=local"},
           {{{"HAL_REGISTRY", "dns"}, {"STATIC_SELECTOR_DOMAIN_NAME", "ns"}},
            "dns",
            "HAL_REGISTRY=dns; every address of <service>.ns, port 8080"},
           {{{"HAL_STATIC_ADDRESSES", "b=h:1,a=h:2,b=h:3"}},
            "local",
            "HAL_STATIC_ADDRESSES first for a, b"},
       }) {
    c.variables.emplace("HAL_LOCAL_DIR", folder.path());
    const auto choice = make(c.variables);
    ASSERT_TRUE(choice) << c.why << ": " << choice.error().to_string();
    EXPECT_EQ(choice->discovery->name(), c.name) << c.why;
    EXPECT_THAT(choice->reason, HasSubstr(c.why));
  }
}

TEST(RegistryChoice, ErrorsNameVariableAndWhatThereIs) {
  struct Case {
    Variables variables;
    std::string_view message;
  };
  for (const Case& c : {
           Case{
               {{"HAL_REGISTRY", "consul"}},
               "HAL_REGISTRY=consul: there is no such registry here, expected auto, local, static, "
               "kubernetes"},
           {{{"HAL_REGISTRY", "consul"}, {"MICRO_SELECTOR", "static"}}, "HAL_REGISTRY=consul"},
           {{{"HAL_STATIC_ADDRESSES", "a"}}, "HAL_STATIC_ADDRESSES: the entry \"a\""},
           {{{"HAL_LOCAL_DIR", "here"}}, "HAL_LOCAL_DIR: \"here\" is relative"},
           {{{"HAL_REGISTRY", "static"}, {"STATIC_SELECTOR_PORT_NUMBER", "0"}},
            "STATIC_SELECTOR_PORT_NUMBER: 0"},
           {{{"STATIC_SELECTOR_PORT_NUMBER", "tcp://10.0.0.1:80"}}, "STATIC_SELECTOR_PORT_NUMBER"},
           {{{"HAL_REGISTRY", "static"}, {"STATIC_SELECTOR_DOMAIN_NAME", "a:b"}},
            "STATIC_SELECTOR_DOMAIN_NAME: \"a:b\""},
       }) {
    const auto choice = make(c.variables);
    ASSERT_FALSE(choice) << c.message;
    EXPECT_EQ(choice.error().code(), Code::kInvalidArgument) << c.message;
    EXPECT_THAT(choice.error().message(), HasSubstr(c.message));
  }
}

/// Answers whatever is asked.
Task<> be_a_sidecar(net::Listener* listener) {
  const auto stream = co_await listener->accept();
  if (!stream) co_return;
  (void)co_await (*stream)->write_all("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  std::array<char, 1024> buffer;
  while ((co_await (*stream)->read_some(buffer)).value_or(0) > 0) {
  }
}

TEST(RegistryChoice, BesideASidecarNamesOfServicesAreDialled) {
  const auto listener = network.listen(loop, {"127.0.0.1", 15021}, {}).value();
  Scope scope{Context{.loop = &loop}};
  scope.spawn(be_a_sidecar, listener.get());
  const auto choice = make({{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}});
  ASSERT_TRUE(choice) << choice.error().to_string();
  EXPECT_EQ(choice->discovery->name(), "static");
  EXPECT_THAT(choice->reason, HasSubstr("in a pod with a sidecar"));
  EXPECT_THAT(choice->reason, HasSubstr("dials <service>:8080"));
  scope.cancel({Code::kCancelled, "the test ends"});
  loop.run_until([&scope] { return scope.active() == 0; });
}

TEST(RegistryChoice, KubernetesIsAskedAsAPersonWould) {
  const TemporaryFolder folder;
  folder.write(
      "config",
      "{current-context: a, contexts: [{name: a, context: {cluster: a, user: a, namespace: "
      "devel}}], clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}], users: "
      "[{name: a, user: {token: x}}]}");
  for (const char* variable : {"HAL_REGISTRY", "MICRO_REGISTRY"}) {
    const auto choice = make({{variable, "kubernetes"},
                              {"KUBECONFIG", folder.path("config")},
                              {"HAL_STATIC_ADDRESSES", "a=h:1"}});
    ASSERT_TRUE(choice) << choice.error().to_string();
    EXPECT_EQ(choice->discovery->name(), "kubernetes");
    EXPECT_THAT(choice->reason, HasSubstr(fmt::format("{}=kubernetes; namespace devel of "
                                                      "https://127.0.0.1:1, by kubeconfig",
                                                      variable)));
    EXPECT_THAT(choice->reason, HasSubstr("HAL_STATIC_ADDRESSES first for a"));
  }
  EXPECT_EQ(make({{"HAL_REGISTRY", "endpointslice"}, {"KUBECONFIG", folder.path("config")}})
                ->discovery->name(),
            "endpointslice");
  const auto none = make({{"HAL_REGISTRY", "kubernetes"}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::kFailedPrecondition);
  EXPECT_THAT(none.error().message(), HasSubstr("HAL_REGISTRY=kubernetes: neither KUBECONFIG"));
}

TEST(RegistryChoice, AFolderThatIsOpenToOthersIsToldAtTheStart) {
  const TemporaryFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  const auto choice = make({{"HAL_LOCAL_DIR", folder.path()}});
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code(), Code::kFailedPrecondition);
  EXPECT_THAT(choice.error().message(), HasSubstr("is open to other users"));
  ASSERT_EQ(chmod(folder.path().c_str(), 0700), 0);
}

TEST(RegistryChoice, StaticAddressesComeFirst) {
  const TemporaryFolder folder;
  for (const char* registry : {"local", "static"}) {
    const auto choice = make({{"HAL_REGISTRY", registry},
                              {"HAL_LOCAL_DIR", folder.path()},
                              {"HAL_STATIC_ADDRESSES", "greeter=h:1, greeter=h:2"}});
    ASSERT_TRUE(choice);
    ASSERT_TRUE(testing::add(*choice->discovery, testing::make_node("greeter")));
    EXPECT_THAT(addresses_of(testing::resolve(*choice->discovery, "greeter").value()),
                ElementsAre("h:1", "h:2"));
  }
}

TEST(RegistryChoice, UsesTheUsersRuntimeFolder) {
  const TemporaryFolder folder;
  const auto choice = make({{"XDG_RUNTIME_DIR", folder.path()}});
  ASSERT_TRUE(choice);
  EXPECT_THAT(choice->reason, HasSubstr(folder.path("hal9000")));
  ASSERT_TRUE(testing::add(*choice->discovery, testing::make_node("a")));
  EXPECT_THAT(folder.names(), ElementsAre("hal9000"));
}

TEST(RegistryChoice, FlagsWinAndSettingsAreShown) {
  const config::Source source{
      .environment = config::Environment{{{"HAL_REGISTRY", "local"}, {"HAL_LOCAL_DIR", "/a"}}},
      .arguments = config::Arguments::parse(std::vector<std::string>{"--registry=static"}).value()};
  std::vector<config::Setting> settings;
  const auto choice = make_discovery(source, {network, loop}, &settings);
  ASSERT_TRUE(choice) << choice.error().to_string();
  EXPECT_EQ(choice->discovery->name(), "static");
  EXPECT_THAT(choice->reason, HasSubstr("--registry=static"));
  std::vector<std::string> names;
  for (const auto& setting : settings) names.push_back(setting.name);
  EXPECT_THAT(names, ElementsAre("HAL_REGISTRY", "MICRO_SELECTOR", "HAL_STATIC_ADDRESSES",
                                 "STATIC_SELECTOR_DOMAIN_NAME", "STATIC_SELECTOR_PORT_NUMBER",
                                 "HAL_LOCAL_DIR", "HAL_REGISTER_INTERVAL", "HAL_ZONE",
                                 "HAL_HOST_ADDRESSES"));
}

}  // namespace
}  // namespace hal::discovery
