#include <hal/discovery/static_discovery.hpp>

#include <hal/discovery/testing/blocking.hpp>
#include <hal/service/testing/test_discovery.hpp>

#include <gmock/gmock.h>

namespace hal::discovery {
namespace {

using service::Node;
using testing::addresses_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using ::testing::IsEmpty;
using testing::resolve;

std::vector<Node> addresses(const std::vector<std::string>& entries) {
  return parse_static_addresses(entries).value();
}

TEST(StaticAddresses, AreReadInTheOrderWritten) {
  const auto nodes = addresses({"greeter=127.0.0.1:9000", " auth = [::1]:81 ", "greeter=b.org:9001",
                                "greeter=127.0.0.1:9000"});
  EXPECT_THAT(ids_of(nodes),
              ElementsAre("greeter-127.0.0.1:9000", "auth-[::1]:81", "greeter-b.org:9001"));
  EXPECT_EQ(nodes[1], (Node{.id = "auth-[::1]:81",
                            .address = "[::1]:81",
                            .service = "auth",
                            .version{},
                            .metadata{}}));
  EXPECT_THAT(addresses({}), IsEmpty());
}

TEST(StaticAddresses, ErrorsNameVariableEntryAndRule) {
  struct Case {
    std::string entry;
    std::string_view rule;
  };
  for (const Case& c : {
           Case{"greeter", "has no '=', expected name=host:port"},
           {"127.0.0.1:80", "has no '='"},
           {"=127.0.0.1:80", "has no name"},
           {"greeter=", "expected host:port"},
           {"greeter=127.0.0.1", "the port is missing"},
           {"greeter=:80", "has no host"},
           {"greeter=*:80", "has no host"},
           {"greeter=a:0", "has port 0"},
           {"greeter=a:65536", "not within 0..65535"},
           {"greeter=a:8o", "not within 0..65535"},
           {"greeter=::1:80", "needs brackets"},
           {"greeter=http://a:80", "it is a URL"},
           {std::string(254, 'x') + "=a:80", "253 are allowed"},
       }) {
    const auto nodes = parse_static_addresses(std::vector<std::string>{"ok=a:1", c.entry});
    ASSERT_FALSE(nodes) << c.entry;
    EXPECT_EQ(nodes.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(nodes.error().message(),
                HasSubstr(fmt::format("HAL_STATIC_ADDRESSES: the entry \"{}\"", c.entry)));
    EXPECT_THAT(nodes.error().message(), HasSubstr(c.rule));
  }
}

TEST(StaticAddresses, HaveALimit) {
  std::vector<std::string> entries;
  for (int i = 0; i < 1024; ++i) entries.push_back(fmt::format("s{}=a:1", i));
  EXPECT_EQ(addresses(entries).size(), 1024U);
  entries.emplace_back("one=a:1");
  EXPECT_THAT(parse_static_addresses(entries).error().message(), HasSubstr("1024 are allowed"));
}

TEST(StaticDiscovery, DialsTheNameAtThePort) {
  struct Case {
    StaticOptions options;
    std::string_view address;
    std::string_view pattern;
  };
  for (const Case& c :
       {Case{{}, "hal9000-greeter:8080", "<service>:8080"},
        {{.port = 50051}, "hal9000-greeter:50051", "<service>:50051"},
        {{.domain = "ns.svc.cluster.local"},
         "hal9000-greeter.ns.svc.cluster.local:8080",
         "<service>.ns.svc.cluster.local:8080"},
        {{.domain = "b_1.", .port = 1}, "hal9000-greeter.b_1.:1", "<service>.b_1.:1"}}) {
    const auto registry = StaticDiscovery::make(c.options);
    ASSERT_TRUE(registry) << registry.error().to_string();
    const auto nodes = resolve(**registry, "hal9000-greeter");
    ASSERT_TRUE(nodes) << nodes.error().to_string();
    EXPECT_THAT(*nodes, ElementsAre(Node{.id = "hal9000-greeter",
                                         .address = std::string{c.address},
                                         .service = "hal9000-greeter",
                                         .version{},
                                         .metadata{}}));
    EXPECT_EQ((*registry)->pattern(), c.pattern);
    EXPECT_EQ((*registry)->name(), "static");
  }
}

TEST(StaticDiscovery, RefusesWhatCannotBeDialled) {
  EXPECT_THAT(StaticDiscovery::make({.domain = ".b"}).error().message(),
              HasSubstr("STATIC_SELECTOR_DOMAIN_NAME: \".b\" is no domain"));
  EXPECT_FALSE(StaticDiscovery::make({.domain = "a b"}));
  EXPECT_FALSE(StaticDiscovery::make({.domain = "a:80"}));
  EXPECT_THAT(StaticDiscovery::make({.port = 0}).error().message(),
              HasSubstr("STATIC_SELECTOR_PORT_NUMBER: 0"));
  const auto registry = StaticDiscovery::make({}).value();
  for (const std::string_view name : {"", "a:80", "a/b", "a b", ".a", "gr\xc3\xbc\xc3\x9f"}) {
    const auto nodes = resolve(*registry, name);
    ASSERT_FALSE(nodes) << name;
    EXPECT_EQ(nodes.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(nodes.error().message(), HasSubstr("dials <service>:8080"));
  }
}

TEST(StaticDiscovery, AsksTheListFirst) {
  const auto registry =
      StaticDiscovery::make({.addresses = addresses({"b=h:2", "a=h:1", "b=h:3"})}).value();
  EXPECT_THAT(addresses_of(resolve(*registry, "b").value()), ElementsAre("h:2", "h:3"));
  EXPECT_THAT(addresses_of(resolve(*registry, "c").value()), ElementsAre("c:8080"));
  EXPECT_THAT(ids_of(testing::list(*registry).value()), ElementsAre("a-h:1", "b-h:2", "b-h:3"));
}

TEST(StaticDiscovery, RegistersNothing) {
  const auto registry = StaticDiscovery::make({}).value();
  EXPECT_TRUE(testing::add(*registry, testing::make_node("a")));
  EXPECT_TRUE(testing::remove(*registry, "a-1"));
  EXPECT_THAT(testing::list(*registry).value(), IsEmpty());
}

class StaticFirstTest : public ::testing::Test {
 protected:
  StaticFirstTest() {
    auto next = std::make_unique<service::testing::TestDiscovery>();
    next_ = next.get();
    registry_ = std::make_unique<StaticFirst>(addresses({"b=h:2"}), std::move(next));
  }
  service::testing::TestDiscovery* next_ = nullptr;
  std::unique_ptr<StaticFirst> registry_;
};

TEST_F(StaticFirstTest, TheListWinsForItsNames) {
  next_->put("a", "127.0.0.1:1");
  next_->put("b", "127.0.0.1:2");
  EXPECT_THAT(addresses_of(resolve(*registry_, "a").value()), ElementsAre("127.0.0.1:1"));
  EXPECT_THAT(addresses_of(resolve(*registry_, "b").value()), ElementsAre("h:2"));
  EXPECT_THAT(addresses_of(testing::list(*registry_).value()), ElementsAre("127.0.0.1:1", "h:2"));
}

TEST_F(StaticFirstTest, TheRestIsTheOtherRegistrys) {
  EXPECT_EQ(registry_->name(), "test");
  EXPECT_EQ(resolve(*registry_, "c").error().code(), Code::kNotFound);
  ASSERT_TRUE(testing::add(*registry_, testing::make_node("c")));
  EXPECT_THAT(ids_of(next_->nodes()), ElementsAre("c-1"));
  ASSERT_TRUE(testing::remove(*registry_, "c-1"));
  EXPECT_THAT(next_->nodes(), IsEmpty());
}

}  // namespace
}  // namespace hal::discovery
