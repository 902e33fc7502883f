#include <hal/discovery/kubernetes/kubernetes_discovery.hpp>

#include <hal/async/deadline.hpp>
#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/fake_api_server.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/discovery/testing/test_file.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>

#include <sstream>

namespace hal::discovery {
namespace {

using namespace std::chrono_literals;
using service::Node;
using ::testing::ElementsAre;
using testing::FakeApiServer;
using ::testing::HasSubstr;
using testing::ids_of;
using ::testing::IsEmpty;
using testing::make_node;
using ::testing::Not;
using testing::test_file;
using testing::TestPod;

struct Fixture {
  explicit Fixture(kubernetes::Token token = {}) {
    KubernetesOptions options{.registration = {.ns = "devel", .pod = "greeter-1"},
                              .host = "127.0.1.1"};
    options.watched.access = FakeApiServer::access();
    options.watched.access.token = std::move(token);
    options.watched.watch.seed = 1;
    registry.emplace(host.memory(), std::move(options));
    registry->start(host.worker());
    host.manual_loop().run_ready();
  }
  ~Fixture() { host.shut_down(); }

  static Task<Result<std::vector<Node>>> resolve_in(Fixture* self, std::string service,
                                                    Duration patience) {
    co_return co_await timeout(patience, self->registry->resolve(std::move(service)));
  }
  static Task<Result<std::vector<Node>>> list_in(Fixture* self) {
    co_return co_await self->registry->list();
  }
  static Task<Result<>> add_in(Fixture* self, Node node) {
    co_return co_await self->registry->add(std::move(node));
  }
  Result<std::vector<Node>> resolve(std::string service = "greeter", Duration patience = 10s) {
    return host.run(&Fixture::resolve_in, this, std::move(service), patience);
  }
  /// What resolve() knows, after what has been sent has arrived.
  std::vector<std::string> ids() {
    host.manual_loop().run_ready();
    const auto nodes = resolve();
    return nodes ? ids_of(*nodes) : std::vector<std::string>{};
  }
  void put(std::string_view name, TestPod pod = {}) {
    pod.id = name;
    api.put(FakeApiServer::kPods, name, to_json(pod));
  }
  void erase(std::string_view name) { api.erase(FakeApiServer::kPods, name); }
  void advance(Duration time) { host.manual_loop().advance(time); }

  telemetry::testing::CapturedLogs logs;
  service::testing::TestHost host;
  FakeApiServer api{host};
  std::optional<KubernetesDiscovery> registry;
};

TEST(KubernetesDiscovery, ListsOnceAndThenWatches) {
  Fixture f;
  f.put("a");
  f.put("b");
  f.put("other", {.service = "other"});
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  f.put("c");
  EXPECT_THAT(f.ids(), ElementsAre("a", "b", "c"));
  f.put("b", {.ready = false});
  EXPECT_THAT(f.ids(), ElementsAre("a", "c"));
  f.put("a", {.deleting = true});
  EXPECT_THAT(f.ids(), ElementsAre("c"));
  f.put("b", {.version = "v2"});
  EXPECT_THAT(f.ids(), ElementsAre("b", "c"));
  EXPECT_EQ(f.resolve()->front().version, "v2") << "versions live beside each other";
  f.erase("c");
  f.put("b", {.service = "renamed"});
  EXPECT_THAT(f.ids(), IsEmpty()) << "without its label a pod is gone";
  EXPECT_EQ(f.api.count("watch"), 1U);
  const auto& first = f.api.requests[0];
  EXPECT_EQ(first.query, "labelSelector=micro.mu/selector-greeter=service");
  const auto& second = f.api.requests[1];
  EXPECT_THAT(second.query, HasSubstr("&watch=true&allowWatchBookmarks=true&resourceVersion=103"));
  EXPECT_THAT(second.query, HasSubstr("&timeoutSeconds="));
  EXPECT_EQ(second.headers.get("x-b3-sampled"), "0");
}

TEST(KubernetesDiscovery, ChannelsShareOneWatchPerName) {
  Fixture f;
  f.put("a");
  f.put("x", {.service = "other"});
  for (int i = 0; i < 10; ++i) EXPECT_THAT(f.ids(), ElementsAre("a"));
  ASSERT_TRUE(f.resolve("other"));
  EXPECT_EQ(f.api.count("list"), 2U);
  EXPECT_EQ(f.api.count("watch"), 2U);
}

TEST(KubernetesDiscovery, TellsThoseWhoSubscribed) {
  Fixture f;
  f.put("a");
  int told = 0;
  auto subscription = f.registry->subscribe("greeter", [&told] { ++told; });
  EXPECT_THAT(f.ids(), ElementsAre("a"));
  EXPECT_EQ(told, 1) << "the first answer is one, too";
  f.put("b");
  f.host.manual_loop().run_ready();
  EXPECT_EQ(told, 2);
  f.put("b", {.ready = false});
  f.put("b");
  f.api.bookmark();
  f.host.manual_loop().run_ready();
  EXPECT_LE(told, 4) << "what changes nothing is not told";
  const int before = told;
  subscription.reset();
  f.put("c");
  f.host.manual_loop().run_ready();
  EXPECT_EQ(told, before);
}

TEST(KubernetesDiscovery, AnEndedWatchGoesOnWhereItWas) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.end_watches();
  f.host.manual_loop().run_ready();
  f.put("b");
  f.advance(1s);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 1U);
  EXPECT_EQ(f.api.count("watch"), 2U);
}

TEST(KubernetesDiscovery, ALostConnectionGoesOnWithBackoff) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.away(true);
  f.advance(2min);
  EXPECT_THAT(f.ids(), ElementsAre("a")) << "what is known stays";
  EXPECT_EQ(f.logs.count("what is known stays in use"), 2U) << "now and then";
  f.put("b");
  f.api.away(false);
  f.advance(15s);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 1U);
  EXPECT_EQ(f.logs.count("answers again"), 1U);
}

TEST(KubernetesDiscovery, AWatchThatFallsSilentIsListedAgain) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.silent = true;
  f.put("b");
  f.advance(2min);
  EXPECT_THAT(f.ids(), ElementsAre("a"));
  f.advance(1min);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 2U);
}

TEST(KubernetesDiscovery, AVersionThatTheServerHasNeverHadIsListedAgain) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.watch_status = 504;
  f.api.end_watches();
  f.host.manual_loop().run_ready();
  f.put("b");
  f.advance(2s);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.logs.count("HTTP 504, Too large resource version"), 1U);
  f.api.watch_status = 0;
  f.advance(15s);
  f.put("c");
  EXPECT_THAT(f.ids(), ElementsAre("a", "b", "c"));
}

TEST(KubernetesDiscovery, RefusalsWithoutAnEndMeanListAgain) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.watch_status = 400;
  f.api.end_watches();
  f.host.manual_loop().run_ready();
  f.put("b");
  f.advance(2s);
  EXPECT_THAT(f.ids(), ElementsAre("a"));
  EXPECT_EQ(f.api.count("list"), 1U) << "not at the first";
  f.advance(1min);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 2U) << "not at each";
}

/// An overload (priority and fairness sheds WATCHes), a Role or token that is taken away.
TEST(KubernetesDiscovery, ARefusalThatSaysNothingOfTheVersionIsNoReasonToList) {
  for (const int status : {401, 403, 429}) {
    Fixture f;
    f.put("a");
    ASSERT_THAT(f.ids(), ElementsAre("a"));
    f.api.watch_status = status;
    f.api.end_watches();
    f.advance(10min);
    EXPECT_GT(f.api.count("watch"), 30U) << status;
    EXPECT_THAT(f.ids(), ElementsAre("a")) << "last known good";
    f.put("b");
    f.api.watch_status = 0;
    f.advance(15s);
    EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
    EXPECT_EQ(f.api.count("list"), 1U) << status;
  }
}

TEST(KubernetesDiscovery, AnOverloadedServerSaysWhenToComeAgain) {
  for (const int status : {429, 503}) {
    Fixture f;
    f.put("a");
    ASSERT_THAT(f.ids(), ElementsAre("a"));
    f.api.watch_status = status;
    f.api.retry_after = "30";
    f.api.end_watches();
    f.advance(1s);
    const std::size_t before = f.api.count("watch");
    f.advance(28s);
    EXPECT_EQ(f.api.count("watch"), before) << status;
    f.advance(3s);
    EXPECT_EQ(f.api.count("watch"), before + 1);
    f.api.retry_after = "999999999";
    f.advance(45s);
    const std::size_t wished = f.api.count("watch");
    f.advance(kubernetes::kRetryAfterMax + 15s);
    EXPECT_EQ(f.api.count("watch"), wished + 1) << "not for ever";
    EXPECT_EQ(f.api.count("list"), 1U);
  }
}

TEST(KubernetesDiscovery, AProxysTimeoutIsNoReasonToList) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.watch_status = 504;
  f.api.status_body = "<html>Gateway Time-out</html>";
  f.api.end_watches();
  f.advance(10min);
  EXPECT_EQ(f.api.count("list"), 1U);
}

TEST(KubernetesDiscovery, AWatchThatIsNotAnsweredIsNoReasonToList) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.watch_delay = 1h;
  f.api.end_watches();
  f.advance(10min);
  EXPECT_GT(f.api.count("watch"), 10U);
  EXPECT_EQ(f.api.count("list"), 1U);
  f.put("b");
  f.api.watch_delay = {};
  f.advance(1min);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 1U);
}

TEST(KubernetesDiscovery, BookmarksSpareTheList) {
  for (const bool with_bookmark : {true, false}) {
    Fixture f;
    f.put("a");
    ASSERT_THAT(f.ids(), ElementsAre("a"));
    f.api.pass_time();
    if (with_bookmark) f.api.bookmark();
    f.host.manual_loop().run_ready();
    f.api.compact();
    f.api.end_watches();
    f.advance(2s);
    EXPECT_EQ(f.api.count("list"), with_bookmark ? 1U : 2U);
    f.put("b");
    EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  }
}

TEST(KubernetesDiscovery, GoneInBothItsFormsMeansListAgain) {
  for (const bool by_status : {true, false}) {
    Fixture f;
    f.api.gone_by_status = by_status;
    f.put("a");
    f.put("b");
    ASSERT_THAT(f.ids(), ElementsAre("a", "b"));
    f.api.end_watches();
    f.host.manual_loop().run_ready();
    f.erase("a");
    f.put("c");
    f.api.compact();
    f.advance(3s);
    EXPECT_THAT(f.ids(), ElementsAre("b", "c")) << by_status;
    EXPECT_EQ(f.api.count("list"), 2U);
    f.put("d");
    EXPECT_THAT(f.ids(), ElementsAre("b", "c", "d"));
  }
}

TEST(KubernetesDiscovery, GoneInTheMiddleOfAWatch) {
  Fixture f;
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  f.api.send_line(test_file("kubernetes/watch-410.jsonl").substr(0, 174));
  f.advance(1s);
  f.put("b");
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 2U);
}

TEST(KubernetesDiscovery, OtherErrorsOfAWatchMeanListAgainToo) {
  for (const std::string line :
       {R"({"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd"}})", "nonsense",
        "{\"type\":\"MODIFIED\"}", "{\"type\":\"MODIFIED\",\"object\":{}}", "[]"}) {
    Fixture f;
    f.put("a");
    ASSERT_THAT(f.ids(), ElementsAre("a"));
    f.api.send_line(line);
    f.advance(1s);
    f.put("b");
    EXPECT_THAT(f.ids(), ElementsAre("a", "b")) << line;
    EXPECT_EQ(f.logs.count("the API server http://api: "), 1U) << line;
  }
}

TEST(KubernetesDiscovery, TheRotatedTokenIsTaken) {
  const testing::TemporaryFolder folder;
  folder.write("token", "old\n");
  Fixture f{kubernetes::Token::in_file(folder.path("token"))};
  f.api.tokens = {"old"};
  f.put("a");
  ASSERT_THAT(f.ids(), ElementsAre("a"));
  EXPECT_EQ(f.api.last("GET").headers.get("authorization"), "Bearer old");
  f.api.tokens = {"new"};
  f.api.end_watches();
  f.advance(2s);
  EXPECT_THAT(f.ids(), ElementsAre("a")) << "last known good";
  EXPECT_EQ(f.logs.count("UNAUTHENTICATED: "), 1U);
  folder.write("token", "new\n");
  f.put("b");
  f.advance(15s);
  EXPECT_THAT(f.ids(), ElementsAre("a", "b"));
  EXPECT_EQ(f.api.count("list"), 1U);
}

TEST(KubernetesDiscovery, SaysWhyItCannotBeAsked) {
  struct Case {
    int status;
    std::string_view message;
  };
  for (const Case& c :
       {Case{403,
             "PERMISSION_DENIED: not allowed to list pods in namespace devel; a Role has to "
             "give the verb \"list\" on \"pods\" (HTTP 403, a test refuses)"},
        {401,
         "UNAUTHENTICATED: cannot list pods in namespace devel: the API server does not know "
         "who asks (HTTP 401, a test refuses)"},
        {429, "RESOURCE_EXHAUSTED: cannot list pods"},
        {500, "UNAVAILABLE: cannot list pods in namespace devel: HTTP 500"}}) {
    Fixture f;
    f.put("a");
    f.api.status = c.status;
    const auto nodes = f.resolve();
    ASSERT_FALSE(nodes);
    EXPECT_EQ(nodes.error().code(), Code::kUnavailable);
    EXPECT_THAT(
        nodes.error().message(),
        HasSubstr("the kubernetes registry (namespace devel) cannot be asked for 'greeter'"));
    EXPECT_THAT(nodes.error().message(), HasSubstr(c.message));
    f.api.status = 0;
    f.advance(3s);
    EXPECT_THAT(f.ids(), ElementsAre("a"));
  }
}

TEST(KubernetesDiscovery, AStuckApiServerDoesNotHoldTheDeadlineUp) {
  Fixture f;
  f.api.list_delay = 1h;
  const TimePoint before = f.host.loop().now();
  const auto nodes = f.resolve();
  ASSERT_FALSE(nodes);
  EXPECT_EQ(nodes.error().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(f.host.loop().now() - before, 10s);
}

TEST(KubernetesDiscovery, ANameWithoutANodeNamesWhatThereIs) {
  Fixture f;
  f.put("a");
  f.put("x", {.service = "other"});
  const auto nodes = f.resolve("nobody");
  ASSERT_FALSE(nodes);
  EXPECT_EQ(nodes.error().message(),
            "no node of 'nobody' in the kubernetes registry (namespace devel); it knows: greeter, "
            "other");
  const std::size_t lists = f.api.count("list");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(f.resolve("nobody"));
  EXPECT_EQ(f.api.count("list"), lists) << "names are not asked for again and again";
  EXPECT_EQ(f.resolve("").error().code(), Code::kInvalidArgument);
}

TEST(KubernetesDiscovery, ACallerThatGivesUpDoesNotKeepTheNamesFromOthers) {
  Fixture f;
  f.put("a");
  ASSERT_FALSE(f.resolve("nobody"));
  f.advance(11s);
  f.put("x", {.service = "other"});
  f.api.list_delay = 500ms;
  const std::size_t lists = f.api.count("list");
  EXPECT_FALSE(f.resolve("nobody", 100ms));
  EXPECT_THAT(f.resolve("nobody").error().message(), HasSubstr("it knows: greeter, other"));
  EXPECT_EQ(f.api.count("list"), lists + 1) << "one LIST for both";
}

TEST(KubernetesDiscovery, ANameMayBeAService) {
  Fixture f;
  f.api.put(FakeApiServer::kSlices, "db-1",
            R"({"metadata":{"labels":{"kubernetes.io/service-name":"db"}},"addressType":"IPv4",)"
            R"("endpoints":[{"addresses":["10.0.0.1"]}],"ports":[{"name":"","port":5432}]})");
  f.host.manual_loop().run_ready();
  const auto nodes = f.resolve("k8s://devel/db");
  ASSERT_TRUE(nodes) << nodes.error().to_string();
  EXPECT_THAT(testing::addresses_of(*nodes), ElementsAre("10.0.0.1:5432"));
}

TEST(KubernetesDiscovery, ListsEveryService) {
  Fixture f;
  f.put("b");
  f.put("a");
  f.put("x", {.service = "other"});
  f.put("y", {.ready = false});
  const auto all = f.host.run(&Fixture::list_in, &f);
  ASSERT_TRUE(all);
  EXPECT_THAT(ids_of(*all), ElementsAre("a", "b", "x"));
}

TEST(KubernetesDiscovery, FindsWhatItHasRegistered) {
  Fixture f;
  f.api.put(FakeApiServer::kPods, "greeter-1",
            R"({"status":{"phase":"Running","podIP":"127.0.0.1",)"
            R"("conditions":[{"type":"Ready","status":"True"}]}})");
  EXPECT_FALSE(f.resolve());
  Node node = make_node("greeter");
  node.metadata["started"] = "now";
  node.endpoints = {"Greeter.SayHello"};
  ASSERT_TRUE(f.host.run(&Fixture::add_in, &f, node));
  f.host.manual_loop().run_ready();
  EXPECT_THAT(f.resolve().value(), ElementsAre(node));
}

/// The answers of a real API server.
TEST(KubernetesDiscovery, ReplaysARecordedWatch) {
  Fixture f;
  f.api.raw_list = test_file("kubernetes/list.json");
  const auto first = f.resolve("hal9000-greeter");
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_THAT(ids_of(*first), ElementsAre("hal9000-greeter-1", "hal9000-greeter-2"));
  f.host.manual_loop().run_ready();
  EXPECT_THAT(f.api.last("GET").query, HasSubstr("resourceVersion=227"));
  std::vector<std::string> seen;
  std::stringstream lines{test_file("kubernetes/watch-from-list.jsonl")};
  for (std::string line; std::getline(lines, line);) {
    f.api.send_line(line);
    f.host.manual_loop().run_ready();
    const auto nodes = f.resolve("hal9000-greeter");
    std::string text;
    for (const auto& id : nodes ? ids_of(*nodes) : std::vector<std::string>{}) text += id.back();
    seen.push_back(text);
  }
  // greeter-3 came with a copy of greeter-1's annotation, whose address is not its own.
  EXPECT_THAT(seen, ElementsAre("12", "12", "2", "", "", "", "", "", "", ""));
  EXPECT_EQ(f.logs.count("of pod greeter-3: the address 127.0.1.11:8080"), 1U);
  f.api.end_watches();
  f.advance(1s);
  EXPECT_THAT(f.api.last("GET").query, HasSubstr("resourceVersion=253")) << "of the bookmark";
}

/// A WATCH that tells first what there is (sendInitialEvents), which another version of the API
/// server may send unasked: events as any others, and a bookmark with an annotation.
TEST(KubernetesDiscovery, ReplaysARecordedWatchWithInitialEvents) {
  Fixture f;
  f.put("a", {.service = "hal9000-greeter"});
  EXPECT_TRUE(f.resolve("hal9000-greeter"));
  f.host.manual_loop().run_ready();
  std::stringstream lines{test_file("kubernetes/watch-initial-events.jsonl")};
  for (std::string line; std::getline(lines, line);) f.api.send_line(line);
  f.host.manual_loop().run_ready();
  EXPECT_THAT(ids_of(f.resolve("hal9000-greeter").value()), ElementsAre("a"))
      << "of the two pods one is being deleted, the other has no annotation";
  f.api.end_watches();
  f.advance(1s);
  EXPECT_THAT(f.api.last("GET").query, HasSubstr("resourceVersion=253")) << "of the bookmark";
  EXPECT_EQ(f.api.count("list"), 1U);
}

TEST(KubernetesDiscovery, ReadsGoMicrosOwnList) {
  Fixture f;
  const std::string response = test_file("gomicro/list-response.http");
  std::string chunked = response.substr(response.find("\r\n\r\n") == std::string::npos
                                            ? response.find("\n\n") + 2
                                            : response.find("\r\n\r\n") + 4);
  // Recorded with its chunks: lines of a length, then so many bytes.
  std::string body;
  for (std::stringstream in{chunked}; in;) {
    std::string length;
    std::getline(in, length);
    const auto bytes =
        std::strtoul(length.c_str(), nullptr, 16);  // tidy: allow(number-parsing) hex
    if (bytes == 0) break;
    std::string piece(bytes, '\0');
    in.read(piece.data(), static_cast<std::streamsize>(bytes));
    body += piece;
    std::getline(in, length);
  }
  f.api.raw_list = body;
  const auto nodes = f.resolve("hal9000-greeter");
  ASSERT_TRUE(nodes) << nodes.error().to_string();
  EXPECT_EQ(nodes->front().address, "127.0.0.1:39090");
}

TEST(PodIdentity, IsTheDownwardApisOrTheMachines) {
  using Environment = config::Environment;
  EXPECT_EQ(pod_name(Environment{{{"HOSTNAME", "a"}, {"POD_NAME", "b"}}}), "b");
  EXPECT_EQ(pod_name(Environment{{{"HOSTNAME", "a"}}}), "a");
  EXPECT_EQ(pod_name(Environment{}), "");
  EXPECT_EQ(pod_host(Environment{{{"POD_IP", "10.1.2.3"}}}), "10.1.2.3");
  EXPECT_TRUE(net::is_numeric_host(pod_host(Environment{})));
}

}  // namespace
}  // namespace hal::discovery
