#include <hal/discovery/dns/dns_discovery.hpp>

#include <hal/async/deadline.hpp>
#include <hal/async/thread_pool.hpp>
#include <hal/discovery/testing/blocking.hpp>
#include <hal/net/testing/fake_dns.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>

namespace hal::discovery {
namespace {

using namespace std::chrono_literals;
using net::testing::FakeDns;
using testing::addresses_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Fixture {
  explicit Fixture(std::string domain = "", std::chrono::milliseconds patience = 60s) {
    // With a pool the loop waits for other threads: the resolver's.
    host.loop().set_offload_pool(&pool);
    DnsOptions options{.domain = std::move(domain),
                       .port = 8080,
                       .client = {.servers = dns.address(), .timeout = patience, .tries = 1}};
    registry = DnsDiscovery::make(std::move(options)).value();
    registry->start(host.worker());
  }
  ~Fixture() { host.shut_down(); }
  static Task<Result<std::vector<service::Node>>> resolve_in(Fixture* self, std::string name) {
    co_return co_await self->registry->resolve(std::move(name));
  }
  Result<std::vector<service::Node>> resolve(std::string name) {
    return host.run(&Fixture::resolve_in, this, std::move(name));
  }
  /// Lets time pass until `done`; each answer comes from another thread.
  void run_until(const std::function<bool()>& done) { host.loop().run_until(done); }

  telemetry::testing::CapturedLogs logs;
  FakeDns dns;
  ThreadPool pool{{.threads = 1}};
  service::testing::TestHost host;
  std::unique_ptr<DnsDiscovery> registry;
};

TEST(DnsDiscovery, EveryAddressIsANode) {
  Fixture f;
  f.dns.set_addresses("greeter.test", {"10.0.0.1", "fd00::1", "10.0.0.2"}, 30);
  EXPECT_THAT(addresses_of(f.resolve("greeter.test").value()),
              ElementsAre("10.0.0.1:8080", "10.0.0.2:8080", "[fd00::1]:8080"));
  EXPECT_THAT(addresses_of(f.resolve("greeter.test:9000").value()),
              ElementsAre("10.0.0.1:9000", "10.0.0.2:9000", "[fd00::1]:9000"));
  EXPECT_EQ(f.resolve("greeter.test")->front().service, "greeter.test");
}

TEST(DnsDiscovery, NamesGetTheDomain) {
  Fixture f{"devel.test"};
  f.dns.set_addresses("greeter.devel.test", {"10.0.0.1"}, 30);
  f.dns.set_addresses("other.test", {"10.0.0.2"}, 30);
  EXPECT_THAT(addresses_of(f.resolve("greeter").value()), ElementsAre("10.0.0.1:8080"));
  EXPECT_THAT(addresses_of(f.resolve("other.test.").value()), ElementsAre("10.0.0.2:8080"));
}

TEST(DnsDiscovery, SrvRecordsHavePorts) {
  Fixture f;
  f.dns.set_targets("_grpc._tcp.greeter.test",
                    {{.priority = 2, .port = 1, .host = "spare.test"},
                     {.priority = 1, .port = 9001, .host = "a.test"},
                     {.priority = 1, .port = 9002, .host = "b.test"},
                     {.priority = 1, .port = 9003, .host = "gone.test"}},
                    30);
  f.dns.set_addresses("a.test", {"10.0.0.1"}, 30);
  f.dns.set_addresses("b.test", {"10.0.0.2", "10.0.0.3"}, 30);
  f.dns.set_addresses("spare.test", {"10.0.0.9"}, 30);
  EXPECT_THAT(addresses_of(f.resolve("_grpc._tcp.greeter.test").value()),
              ElementsAre("10.0.0.1:9001", "10.0.0.2:9002", "10.0.0.3:9002"));
}

struct Targets : Fixture {
  Targets() {
    dns.set_targets("_grpc._tcp.greeter.test",
                    {{.priority = 1, .port = 9001, .host = "a.test"},
                     {.priority = 1, .port = 9002, .host = "b.test"},
                     {.priority = 1, .port = 9003, .host = "c.test"}},
                    300);
    dns.set_addresses("a.test", {"10.0.0.1"}, 300);
    dns.set_addresses("b.test", {"10.0.0.2"}, 300);
    dns.set_addresses("c.test", {"10.0.0.3"}, 300);
  }
  std::string name = "_grpc._tcp.greeter.test";
};

TEST(DnsDiscovery, ATargetThatFailsTakesNoOtherWithIt) {
  Targets f;
  f.dns.fail("b.test");
  int told = 0;
  const auto subscription = f.registry->subscribe(f.name, [&told] { ++told; });
  EXPECT_THAT(addresses_of(f.resolve(f.name).value()),
              ElementsAre("10.0.0.1:9001", "10.0.0.3:9003"));
  f.dns.fail("b.test", false);
  const TimePoint before = f.host.loop().now();
  f.run_until([&told] { return told == 2; });
  EXPECT_THAT(addresses_of(f.resolve(f.name).value()),
              ElementsAre("10.0.0.1:9001", "10.0.0.2:9002", "10.0.0.3:9003"));
  EXPECT_LT(f.host.loop().now() - before, 60s) << "long before the others' time to live is over";
}

TEST(DnsDiscovery, TargetsThatAllFailChangeNothing) {
  Targets f;
  ASSERT_TRUE(f.resolve(f.name));
  for (const char* host : {"a.test", "b.test", "c.test"}) f.dns.fail(host);
  f.run_until([&f] { return f.logs.count("what is known stays in use") == 1; });
  EXPECT_EQ(f.resolve(f.name)->size(), 3U);
}

TEST(DnsDiscovery, TargetsAreAskedForAtOnce) {
  Targets f;
  f.dns.hold_until_asked({"a.test", "b.test", "c.test"});
  EXPECT_THAT(addresses_of(f.resolve(f.name).value()),
              ElementsAre("10.0.0.1:9001", "10.0.0.2:9002", "10.0.0.3:9003"));
}

TEST(DnsDiscovery, AnAnswerIsUsedForItsTimeToLive) {
  Fixture f;
  f.dns.set_addresses("greeter.test", {"10.0.0.1"}, 30);
  int told = 0;
  const auto subscription = f.registry->subscribe("greeter.test", [&told] { ++told; });
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(f.resolve("greeter.test"));
  EXPECT_EQ(f.dns.questions("greeter.test"), 2U) << "A and AAAA, once";
  f.dns.set_addresses("greeter.test", {"10.0.0.2"}, 30);
  f.host.manual_loop().advance(29s);
  EXPECT_EQ(f.dns.questions("greeter.test"), 2U);
  f.run_until([&told] { return told == 2; });
  EXPECT_EQ(f.dns.questions("greeter.test"), 4U);
  EXPECT_THAT(addresses_of(f.resolve("greeter.test").value()), ElementsAre("10.0.0.2:8080"));
}

TEST(DnsDiscovery, ANameThatIsGoneHasNoNode) {
  Fixture f;
  f.dns.set_addresses("greeter.test", {"10.0.0.1"}, 5);
  int told = 0;
  const auto subscription = f.registry->subscribe("greeter.test", [&told] { ++told; });
  ASSERT_TRUE(f.resolve("greeter.test"));
  f.dns.forget("greeter.test");
  f.run_until([&told] { return told == 2; });
  const auto none = f.resolve("greeter.test");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().to_string(), "NOT_FOUND: no node of 'greeter.test' in DNS");
  f.dns.set_addresses("greeter.test", {}, 5);
  EXPECT_FALSE(f.resolve("greeter.test"));
}

TEST(DnsDiscovery, ANameWithoutANodeIsAskedForLessAndLess) {
  Fixture f;
  const auto asked = [&f] { return f.dns.questions("greeter.test"); };
  /// How long `count` more look-ups take, each of A and AAAA.
  const auto time_of = [&f, &asked](std::size_t count) {
    const TimePoint before = f.host.loop().now();
    f.run_until([&asked, end = asked() + 2 * count] { return asked() >= end; });
    return f.host.loop().now() - before;
  };
  EXPECT_FALSE(f.resolve("greeter.test"));
  EXPECT_LT(time_of(2), 4s);
  EXPECT_GT(time_of(6), 40s);
  f.dns.set_addresses("greeter.test", {}, 5);
  EXPECT_GT(time_of(2), 40s) << "a name without addresses is none either";
  int told = 0;
  const auto subscription = f.registry->subscribe("greeter.test", [&told] { ++told; });
  f.dns.set_addresses("greeter.test", {"10.0.0.1"}, 5);
  f.run_until([&told] { return told == 1; });
  f.dns.forget("greeter.test");
  f.run_until([&told] { return told == 2; });
  EXPECT_LT(time_of(2), 4s) << "it has had a node: the backoff begins anew";
}

TEST(DnsDiscovery, ServersThatFailChangeNothing) {
  Fixture f;
  f.dns.set_addresses("greeter.test", {"10.0.0.1"}, 5);
  ASSERT_TRUE(f.resolve("greeter.test"));
  f.dns.set_mood(2);
  f.run_until([&f] { return f.logs.count("what is known stays in use") == 1; });
  EXPECT_THAT(addresses_of(f.resolve("greeter.test").value()), ElementsAre("10.0.0.1:8080"));
  const auto other = f.resolve("other.test");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::kUnavailable);
  EXPECT_THAT(other.error().message(), HasSubstr("DNS cannot be asked for 'other.test'"));
}

TEST(DnsDiscovery, AServerThatSaysNothingHoldsNothingUp) {
  Fixture f{"", 10min};
  f.dns.set_mood(-1);
  const auto asked = [](Fixture* self) -> Task<Result<std::vector<service::Node>>> {
    co_return co_await timeout(1s, self->registry->resolve("greeter.test"));
  };
  EXPECT_EQ(f.host.run(asked, &f).error().code(), Code::kDeadlineExceeded);
}

TEST(DnsDiscovery, RefusesWhatIsNoName) {
  Fixture f;
  for (const char* name : {"", ".x", "a b", "a:0", "a:x", "a:99999", "k8s://a/b", "[::1]:80"}) {
    const auto nodes = f.resolve(name);
    ASSERT_FALSE(nodes) << name;
    EXPECT_EQ(nodes.error().code(), Code::kInvalidArgument) << name;
  }
  EXPECT_EQ(DnsDiscovery::make({.domain = "a b"}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(DnsDiscovery::make({.client = {.servers = "nonsense"}}).error().code(),
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace hal::discovery
