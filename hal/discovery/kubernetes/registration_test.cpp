#include <hal/discovery/kubernetes/registration.hpp>

#include <hal/async/when_all.hpp>
#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/fake_api_server.hpp>
#include <hal/discovery/testing/test_file.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace hal::discovery::kubernetes {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using service::Node;
using testing::FakeApiServer;
using ::testing::HasSubstr;
using testing::make_node;
using testing::test_file;

/// The body of a recorded request.
json::object recorded(std::string_view file) {
  const std::string text = test_file(file);
  json::object body = json::parse(text.substr(text.find('{'))).get_object();
  body.erase("status");  // "null": an accident of go-micro's types
  return body;
}

json::object parsed(std::string_view text) { return json::parse(text).get_object(); }

/// The annotation of a registration's patch, as a document.
json::object document_of(const json::object& patch, std::string_view service) {
  const auto& annotations = patch.at("metadata").at("annotations").get_object();
  return parsed(annotations.at(fmt::format("micro.mu/service-{}", service)).get_string());
}

/// Both patches say the same to go-micro: labels, keys, and in the document all but how endpoints
/// are described.
void expect_same(json::object ours, json::object theirs, std::string_view service) {
  EXPECT_EQ(ours.at("metadata").at("labels"), theirs.at("metadata").at("labels"));
  json::object our_document = document_of(ours, service);
  json::object their_document = document_of(theirs, service);
  for (json::object* each : {&our_document, &their_document}) {
    for (auto& endpoint : (*each)["endpoints"].get_array()) {
      endpoint = json::object{{"name", endpoint.at("name")}};
    }
    for (auto& node : (*each)["nodes"].get_array()) {
      auto& metadata = node.get_object()["metadata"];
      if (metadata.is_null()) metadata.emplace_object();
    }
  }
  EXPECT_EQ(our_document, their_document);
  for (json::object* each : {&ours, &theirs}) {
    auto& metadata = (*each)["metadata"].get_object();
    EXPECT_EQ(metadata["annotations"].get_object().size(), 1U);
    metadata.erase("annotations");
  }
  EXPECT_EQ(ours, theirs);
}

TEST(RegistrationPatch, IsGoMicros) {
  const Node greeter{.id = "hal9000-greeter-7d718de4-00e5-4db2-8bd5-46fb5132f907",
                     .address = "127.0.0.1:39090",
                     .service = "hal9000-greeter",
                     .version = "v1",
                     .metadata = {{"broker", "http"},
                                  {"protocol", "grpc"},
                                  {"registry", "kubernetes"},
                                  {"server", "grpc"},
                                  {"transport", "grpc"}},
                     .endpoints = {"Greeter.SayHello"}};
  expect_same(parsed(register_patch({&greeter, 1}).value()),
              recorded("gomicro/greeter-register.http"), "hal9000-greeter");
  const Node web{.id = "7e601c23-0d10-4c22-b73f-836b892e6e37",
                 .address = "127.0.0.1:38082",
                 .service = "hal9000-api",
                 .version = "v1",
                 .metadata{},
                 .endpoints = {"/"}};
  expect_same(parsed(register_patch({&web, 1}).value()), recorded("gomicro/web-register.http"),
              "hal9000-api");
  EXPECT_EQ(parsed(deregister_patch("hal9000-greeter", 1)),
            recorded("gomicro/greeter-deregister.http"));
  EXPECT_EQ(parsed(deregister_patch("hal9000-api", 1)), recorded("gomicro/web-deregister.http"));
}

TEST(RegistrationPatch, RefusesNamesThatAreNoLabels) {
  for (const std::string& name : {std::string(55, 'a'), std::string{"a-"}, std::string{"a/"}}) {
    const Node node = make_node(name);
    const auto patch = register_patch({&node, 1});
    ASSERT_FALSE(patch) << name;
    EXPECT_EQ(patch.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(patch.error().message(), HasSubstr("at most 54 bytes"));
  }
  const Node longest = make_node(std::string(54, 'a'));
  EXPECT_TRUE(register_patch({&longest, 1}));
}

struct Fixture {
  explicit Fixture(std::string pod = "greeter-pod") {
    client.emplace(host.memory(), 1, FakeApiServer::access());
    registration.emplace(*client, RegistrationOptions{.ns = "devel", .pod = std::move(pod)});
    api.put(FakeApiServer::kPods, "greeter-pod", R"({"metadata":{"labels":{"app":"x"}}})");
    host.background().spawn(&Fixture::keep, this);
    host.manual_loop().run_ready();
  }
  ~Fixture() { host.shut_down(); }
  static Task<> keep(Fixture* self) { co_await self->registration->keep(); }
  static Task<Result<>> add_in(Fixture* self, Node node) {
    co_return co_await self->registration->add(std::move(node));
  }
  static Task<Result<>> remove_in(Fixture* self, std::string id) {
    co_return co_await self->registration->remove(std::move(id));
  }
  static Task<> add_into(Fixture* self, Node node, Result<>* added) {
    *added = co_await self->registration->add(std::move(node));
  }
  static Task<Result<>> remove_all_in(Fixture* self, std::vector<std::string> ids) {
    co_await or_return(when_all(
        std::move(ids), [self](std::string id) { return remove_and_say(self, std::move(id)); }));
    co_return Result<>{};
  }
  static Task<Result<bool>> remove_and_say(Fixture* self, std::string id) {
    co_await or_return(self->registration->remove(std::move(id)));
    co_return true;
  }
  static Task<Result<>> remove_all_within(Fixture* self, std::vector<std::string> ids,
                                          Duration time) {
    co_return co_await timeout(time, remove_all_in(self, std::move(ids)));
  }
  /// All at once, as a process that ends.
  Result<> remove_in_time(std::vector<std::string> ids, Duration time) {
    return host.run(&Fixture::remove_all_within, this, std::move(ids), time);
  }
  Result<> add(Node node) { return host.run(&Fixture::add_in, this, std::move(node)); }
  Result<> remove(std::string id) { return host.run(&Fixture::remove_in, this, std::move(id)); }
  void advance(Duration time) { host.manual_loop().advance(time); }
  /// What the pod says now.
  std::string pod() {
    const auto& metadata =
        api.find(FakeApiServer::kPods, "greeter-pod")->at("metadata").get_object();
    json::object shown;
    for (const char* key : {"labels", "annotations"}) {
      if (const auto* value = metadata.if_contains(key)) shown[key] = *value;
    }
    return json::serialize(shown);
  }

  telemetry::testing::CapturedLogs logs;
  service::testing::TestHost host;
  FakeApiServer api{host};
  std::optional<ApiClient> client;
  std::optional<Registration> registration;
};

TEST(Registration, PatchesItsOwnPodAndTakesItBack) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter")));
  const auto& request = f.api.last("PATCH");
  EXPECT_EQ(request.path, "/api/v1/namespaces/devel/pods/greeter-pod");
  EXPECT_EQ(request.headers.get("content-type"), "application/strategic-merge-patch+json");
  EXPECT_EQ(request.headers.get("x-b3-sampled"), "0") << "a sidecar records nothing of it";
  EXPECT_THAT(f.pod(), HasSubstr(R"("micro.mu/selector-greeter":"service")"));
  EXPECT_THAT(f.pod(), HasSubstr(R"("micro.mu/service-greeter":"{\"name\":\"greeter\")"));
  ASSERT_TRUE(f.remove("greeter-1"));
  EXPECT_EQ(f.pod(), R"({"labels":{"app":"x"},"annotations":{}})");
  EXPECT_TRUE(f.remove("greeter-1")) << "it is gone already";
  EXPECT_EQ(f.api.count("patch"), 2U);
}

TEST(Registration, NodesOfOneServiceAreOneAnnotation) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter", 1)));
  ASSERT_TRUE(f.add(make_node("greeter", 2)));
  ASSERT_TRUE(f.add(make_node("api", 3)));
  EXPECT_THAT(f.pod(), HasSubstr("greeter-1"));
  EXPECT_THAT(f.pod(), HasSubstr("greeter-2"));
  ASSERT_TRUE(f.remove("greeter-1"));
  EXPECT_THAT(f.pod(), ::testing::Not(HasSubstr("greeter-1")));
  EXPECT_THAT(f.pod(), HasSubstr("greeter-2"));
  EXPECT_THAT(f.pod(), HasSubstr("api-3"));
  ASSERT_TRUE(f.remove("greeter-2"));
  EXPECT_THAT(f.pod(), HasSubstr(R"("micro.mu/type":"service")")) << "for the other service";
  ASSERT_TRUE(f.add(make_node("greeter", 2)));
  Node other = make_node("greeter", 4);
  other.version = "v2";
  EXPECT_EQ(f.add(other).error().code(), Code::kInvalidArgument);
}

TEST(Registration, IsRepeatedWithJitter) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter")));
  f.advance(23s);
  EXPECT_EQ(f.api.count("patch"), 1U);
  f.advance(14s);
  EXPECT_EQ(f.api.count("patch"), 2U);
  f.advance(10min);
  EXPECT_GT(f.api.count("patch"), 16U);
  EXPECT_LT(f.api.count("patch"), 28U);
  // Somebody takes the labels away: the next one puts them back.
  f.api.put(FakeApiServer::kPods, "greeter-pod", R"({"spec":{}})");
  f.advance(40s);
  EXPECT_THAT(f.pod(), HasSubstr("micro.mu/selector-greeter"));
}

TEST(Registration, AnApiServerThatIsAwayHoldsNothingUp) {
  Fixture f;
  f.api.away(true);
  ASSERT_TRUE(f.add(make_node("greeter")));
  EXPECT_EQ(f.logs.count("greeter is not registered yet: UNAVAILABLE"), 1U);
  f.advance(5min);
  f.api.away(false);
  f.advance(20s);
  EXPECT_THAT(f.pod(), HasSubstr("micro.mu/selector-greeter"));
  EXPECT_EQ(f.logs.count("registered again on pod greeter-pod"), 1U);
  f.api.status = 503;
  f.advance(5min);
  EXPECT_EQ(f.logs.count("cannot register again: UNAVAILABLE"), 1U) << "one line for an outage";
}

TEST(Registration, AnOverloadedApiServerSaysWhenToComeAgain) {
  Fixture f;
  f.api.status = 429;
  f.api.retry_after = "60";
  ASSERT_TRUE(f.add(make_node("greeter")));
  EXPECT_EQ(f.logs.count("greeter is not registered yet: RESOURCE_EXHAUSTED"), 1U);
  f.advance(59s);
  EXPECT_EQ(f.api.count("patch"), 1U);
  f.advance(3s);
  EXPECT_EQ(f.api.count("patch"), 2U);
  f.api.status = 0;
  f.advance(80s);
  EXPECT_THAT(f.pod(), HasSubstr("micro.mu/selector-greeter"));
}

TEST(Registration, AServiceThatIsRefusedKeepsNoOtherBack) {
  Fixture f;
  for (const char* service : {"api", "greeter", "web"}) ASSERT_TRUE(f.add(make_node(service)));
  f.api.refused_patch = "micro.mu/selector-api";
  f.api.put(FakeApiServer::kPods, "greeter-pod", R"({"spec":{}})");
  f.advance(40s);
  EXPECT_THAT(f.pod(), HasSubstr("micro.mu/selector-greeter"));
  EXPECT_THAT(f.pod(), HasSubstr("micro.mu/selector-web"));
  EXPECT_THAT(f.pod(), ::testing::Not(HasSubstr("micro.mu/selector-api")));
  EXPECT_EQ(f.logs.count("cannot register again: INVALID_ARGUMENT: api: cannot patch pods"), 1U);
}

TEST(Registration, AStuckApiServerIsWaitedForFiveSeconds) {
  Fixture f;
  f.host.memory().hang(80);
  const TimePoint before = f.host.loop().now();
  ASSERT_TRUE(f.add(make_node("greeter")));
  EXPECT_EQ(f.host.loop().now() - before, 5s);
  EXPECT_EQ(f.remove("greeter-1").error().code(), Code::kDeadlineExceeded);
}

/// Of a process that ends: hal/app gives it so long.
constexpr Duration kRemovalTime = 5s;

TEST(Registration, AHeartbeatThatHangsDoesNotKeepARemovalBack) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter")));
  ASSERT_TRUE(f.add(make_node("api")));
  f.api.hanging_patches = 1;
  while (f.api.count("patch") == 2) f.advance(1s);
  const TimePoint before = f.host.loop().now();
  EXPECT_TRUE(f.remove_in_time({"greeter-1", "api-1"}, kRemovalTime));
  EXPECT_LE(f.host.loop().now() - before, 1s);
  EXPECT_EQ(f.pod(), R"({"labels":{"app":"x"},"annotations":{}})");
  const std::size_t patches = f.api.count("patch");
  f.advance(5min);
  EXPECT_EQ(f.api.count("patch"), patches) << "nothing registers again";
}

TEST(Registration, AHeartbeatThatIsAnsweredIsWaitedFor) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter")));
  f.api.patch_delay = 500ms;
  while (f.api.count("patch") == 1) f.advance(1ms);
  EXPECT_TRUE(f.remove_in_time({"greeter-1"}, kRemovalTime));
  EXPECT_EQ(f.api.count("patch"), 3U);
  EXPECT_EQ(f.pod(), R"({"labels":{"app":"x"},"annotations":{}})");
  EXPECT_EQ(f.logs.count("cannot register again"), 0U);
}

TEST(Registration, ARemovalOnAConnectionThatHasDiedGoesByAnother) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter")));
  f.api.hanging_patches = 1;
  const std::size_t connections = f.host.memory().connects();
  EXPECT_TRUE(f.remove_in_time({"greeter-1"}, kRemovalTime));
  EXPECT_EQ(f.host.memory().connects(), connections + 1);
  EXPECT_EQ(f.pod(), R"({"labels":{"app":"x"},"annotations":{}})");
}

TEST(Registration, ANodeThatIsOnItsWayIsGivenUpForARemoval) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("greeter")));
  f.api.hanging_patches = 1;
  Result<> added = error(Code::kUnknown, "under way");
  f.host.background().spawn(&Fixture::add_into, &f, make_node("api"), &added);
  f.host.manual_loop().run_ready();
  EXPECT_TRUE(f.remove_in_time({"greeter-1"}, kRemovalTime));
  EXPECT_THAT(f.pod(), ::testing::Not(HasSubstr("greeter")));
  f.host.manual_loop().run_ready();
  EXPECT_TRUE(added) << "as with an API server that is away: " << added.error().to_string();
  EXPECT_TRUE(f.remove_in_time({"api-1"}, kRemovalTime));
  EXPECT_EQ(f.pod(), R"({"labels":{"app":"x"},"annotations":{}})");
}

TEST(Registration, WhatWillNotPassIsAnError) {
  Fixture f;
  f.api.status = 403;
  f.api.status_body = R"({"kind":"Status","message":"pods \"greeter-pod\" is forbidden"})";
  const auto denied = f.add(make_node("greeter"));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code(), Code::kPermissionDenied);
  EXPECT_THAT(denied.error().message(),
              HasSubstr("not allowed to patch pods in namespace devel; a Role has to give the verb "
                        "\"patch\" on \"pods\" (HTTP 403, pods \"greeter-pod\" is forbidden)"));
  f.api.status = 0;
  f.advance(5min);
  EXPECT_EQ(f.api.count("patch"), 1U) << "a node that was refused is not kept";
  Fixture elsewhere{"other-pod"};
  EXPECT_EQ(elsewhere.add(make_node("greeter")).error().code(), Code::kNotFound);
}

TEST(Registration, AtANameItIsToldWhoWillNotComeThere) {
  Fixture f;
  ASSERT_TRUE(f.add(make_node("api")));
  EXPECT_EQ(f.logs.count("HAL_HOST_ADDRESSES=true"), 0U);
  Node node = make_node("greeter");
  node.address = "greeter.example:8080";
  ASSERT_TRUE(f.add(node));
  EXPECT_EQ(f.logs.count("greeter is registered at greeter.example:8080, no address of a pod"), 1U);
}

TEST(Registration, OutsideOfAPodThereIsNone) {
  Fixture f{""};
  ASSERT_TRUE(f.add(make_node("greeter")));
  EXPECT_EQ(f.api.count("patch"), 0U);
  EXPECT_EQ(f.logs.count("greeter is not registered: this is no pod"), 1U);
}

}  // namespace
}  // namespace hal::discovery::kubernetes
