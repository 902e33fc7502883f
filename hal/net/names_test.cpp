#include <hal/net/names.hpp>

#include <hal/async/block_on.hpp>
#include <hal/async/deadline.hpp>
#include <hal/net/network.hpp>
#include <hal/net/testing/fake_dns.hpp>

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace hal::net {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeDns;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
using Addresses = Result<std::vector<std::string>>;

/// A server that is asked once, and given all the time it wants.
class NamesTest : public ::testing::Test {
 protected:
  static Task<Addresses> look_up(NamesTest* self, std::string host) {
    co_return co_await self->names_.addresses(std::move(host));
  }
  Addresses addresses(std::string host) { return block_on(loop_, look_up, this, std::move(host)); }

  FakeDns dns_;
  const dns::ClientOptions options_{.servers = dns_.address(),
                                    .search = {"search.test"},
                                    .timeout = 10min,
                                    .tries = 1,
                                    .questions_max = 2,
                                    .order = dns::Order::kPreference};
  IoLoop loop_;
  Names names_{options_};
};

TEST_F(NamesTest, AreAskedOfServers) {
  dns_.set_addresses("greeter.test", {"127.0.0.9", "::1"}, 30);
  EXPECT_THAT(addresses("greeter.test").value(), UnorderedElementsAre("127.0.0.9", "::1"));
}

TEST_F(NamesTest, OfOneLabelAreLookedForInTheSearchDomains) {
  dns_.set_addresses("greeter.search.test", {"10.0.0.1"}, 30);
  // More dots than any machine's resolv.conf asks for (ndots is 15 at most).
  const std::string dotted = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p";
  dns_.set_addresses(dotted, {"10.0.0.2"}, 30);
  EXPECT_THAT(addresses("greeter").value(), ElementsAre("10.0.0.1"));
  EXPECT_THAT(addresses(dotted).value(), ElementsAre("10.0.0.2"));
  EXPECT_EQ(dns_.questions(dotted + ".search.test"), 0U) << "it has dots enough";
}

TEST_F(NamesTest, OfTheHostsFileNeedNoServer) {
  std::ifstream file{"/etc/hosts"};
  std::string address;
  std::string name;
  for (std::string line; name.empty() && std::getline(file, line);) {
    std::istringstream words{line};
    words >> address >> name;
    const bool usable = is_numeric_host(address) && !address.contains(':');
    if (!usable || name.contains("localhost")) name.clear();
  }
  if (name.empty()) GTEST_SKIP() << "this machine's hosts file has localhost only";
  EXPECT_THAT(addresses(name).value(), Contains(address));
  EXPECT_EQ(dns_.questions(name), 0U);
}

TEST_F(NamesTest, ThatAreNotKnown) {
  const auto unknown = addresses("nobody.test").error();
  EXPECT_EQ(unknown.code(), Code::kUnavailable);
  EXPECT_THAT(unknown.message(), StartsWith("cannot resolve \"nobody.test\": DNS: nobody.test: "));
  dns_.set_mood(2);
  EXPECT_EQ(addresses("greeter.test").error().code(), Code::kUnavailable);
}

Task<Result<>> stopped_beside_others(Scope& scope, FakeDns* dns, Names* names,
                                     DeadlineContext* impatient, bool* done) {
  const auto ask = [](Names* all, Context* context, bool* ended) -> Task<> {
    const auto found = co_await run_in(*context, all->addresses("silent.test"));
    EXPECT_EQ(found.error().to_string(), "ABORTED: no more");
    *ended = true;
  };
  scope.spawn(ask, names, &impatient->context(), done);
  const auto other = co_await names->addresses("greeter.test");
  EXPECT_THAT(other.value(), ElementsAre("10.0.0.1")) << "a silent server holds up no other name";
  EXPECT_FALSE(*done);
  impatient->stop({Code::kAborted, "no more"});
  EXPECT_EQ(dns->questions("silent.test"), 2U) << "A and AAAA";
  co_return Result<>{};
}

TEST_F(NamesTest, AreNotWaitedForAfterAStop) {
  dns_.hold("silent.test");
  dns_.set_addresses("greeter.test", {"10.0.0.1"}, 30);
  EXPECT_TRUE(block_on(
      loop_,
      [](FakeDns* dns, Names* names) -> Task<Result<>> {
        DeadlineContext impatient{co_await this_context(), kNoDeadline};
        bool done = false;
        const auto asked =
            co_await with_scope(stopped_beside_others, dns, names, &impatient, &done);
        EXPECT_TRUE(done);
        co_return asked;
      },
      &dns_, &names_));
}

Task<Result<>> share(Scope& scope, FakeDns* dns, Names* names) {
  const auto ask = [](Names* all, int* answered) -> Task<Result<>> {
    const auto found = co_await or_return(all->addresses("slow.test"));
    EXPECT_THAT(found, ElementsAre("10.0.0.1"));
    ++*answered;
    co_return Result<>{};
  };
  int answered = 0;
  for (int i = 0; i < 100; ++i) scope.spawn(ask, names, &answered);
  // They come in the order of asking.
  EXPECT_TRUE(co_await names->addresses("greeter.test"));
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(dns->questions("slow.test"), 2U) << "A and AAAA, once";
  dns->release("slow.test");
  EXPECT_TRUE(co_await names->addresses("slow.test"));
  co_return Result<>{};
}

TEST_F(NamesTest, AreAskedForOnceForAllWhoWait) {
  dns_.hold("slow.test");
  dns_.set_addresses("slow.test", {"10.0.0.1"}, 30);
  dns_.set_addresses("greeter.test", {"10.0.0.2"}, 30);
  EXPECT_TRUE(block_on(
      loop_,
      [](FakeDns* dns, Names* names) -> Task<Result<>> {
        co_return co_await with_scope(share, dns, names);
      },
      &dns_, &names_));
}

Task<Result<>> leave(Names* names, std::string name) {
  DeadlineContext stopped{co_await this_context(), kNoDeadline};
  stopped.stop({Code::kAborted, "no more"});
  EXPECT_EQ((co_await run_in(stopped.context(), names->addresses(std::move(name)))).error().code(),
            Code::kAborted);
  co_return Result<>{};
}

TEST_F(NamesTest, WhoLeavesIsNoBurden) {
  dns_.hold("silent.test");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(block_on(loop_, leave, &names_, std::string{"silent.test"}));
  }
  dns_.set_addresses("greeter.test", {"10.0.0.1"}, 30);
  EXPECT_THAT(addresses("greeter.test").value(), ElementsAre("10.0.0.1"));
  EXPECT_EQ(dns_.questions("silent.test"), 2U) << "A and AAAA, once";
}

TEST_F(NamesTest, TooManyAreRefused) {
  for (const std::string name : {"a.silent.test", "b.silent.test"}) {
    dns_.hold(name);
    EXPECT_TRUE(block_on(loop_, leave, &names_, name));
  }
  EXPECT_EQ(addresses("greeter.test").error().to_string(),
            "UNAVAILABLE: cannot resolve \"greeter.test\": 2 questions to DNS are under way");
}

Task<Result<>> look_up_and_dial(Scope& scope, TcpNetwork* network, DeadlineContext* all) {
  const auto resolve = [](TcpNetwork* by, Context* context, int i) -> Task<> {
    (void)co_await run_in(*context, by->resolve(fmt::format("{}.silent.test", i), 80));
  };
  for (int i = 0; i < 8; ++i) scope.spawn(resolve, network, &all->context(), i);
  const auto dialled = co_await timeout(1ms, network->connect({"silent.test", 80}));
  EXPECT_EQ(dialled.error().code(), Code::kDeadlineExceeded);
  all->stop({Code::kAborted, "no more"});
  co_return Result<>{};
}

TEST(NamesOfTcpNetwork, ASilentServerHoldsUpNobody) {
  FakeDns dns;
  dns.set_mood(-1);
  IoLoop loop;
  TcpNetwork network{{.servers = dns.address(), .timeout = 10min, .tries = 1}};
  EXPECT_TRUE(block_on(
      loop,
      [](TcpNetwork* by) -> Task<Result<>> {
        DeadlineContext all{co_await this_context(), kNoDeadline};
        co_return co_await with_scope(look_up_and_dial, by, &all);
      },
      &network));
}

}  // namespace
}  // namespace hal::net
