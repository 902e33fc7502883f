#include <hal/discovery/endpointslice/endpointslice_discovery.hpp>

#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/fake_api_server.hpp>

#include <gmock/gmock.h>

namespace hal::discovery {
namespace {

using testing::addresses_of;
using ::testing::ElementsAre;
using testing::FakeApiServer;
using ::testing::HasSubstr;

struct Fixture {
  Fixture() {
    registry.start(host.worker());
    host.manual_loop().run_ready();
  }
  ~Fixture() { host.shut_down(); }
  static Task<Result<std::vector<service::Node>>> resolve_in(Fixture* self, std::string name) {
    co_return co_await self->registry.resolve(std::move(name));
  }
  Result<std::vector<service::Node>> resolve(std::string name) {
    host.manual_loop().run_ready();
    return host.run(&Fixture::resolve_in, this, std::move(name));
  }
  void put(std::string_view address) {
    api.put(FakeApiServer::kSlices, "greeter-x",
            fmt::format(R"({{"metadata":{{"labels":{{"kubernetes.io/service-name":"greeter"}}}},)"
                        R"("addressType":"IPv4","endpoints":[{{"addresses":["{}"]}}],)"
                        R"("ports":[{{"name":"grpc","port":8080}}]}})",
                        address));
  }

  service::testing::TestHost host;
  FakeApiServer api{host};
  EndpointSliceDiscovery registry{host.memory(), {.access = FakeApiServer::access()}};
};

TEST(EndpointSliceDiscovery, FollowsAService) {
  Fixture f;
  f.put("10.0.0.1");
  for (const char* name : {"greeter", "greeter:grpc", "k8s://devel/greeter:8080"}) {
    EXPECT_THAT(addresses_of(f.resolve(name).value()), ElementsAre("10.0.0.1:8080")) << name;
  }
  f.put("10.0.0.2");
  EXPECT_THAT(addresses_of(f.resolve("greeter").value()), ElementsAre("10.0.0.2:8080"));
}

TEST(EndpointSliceDiscovery, NamesWhatIsMissing) {
  Fixture f;
  const auto nobody = f.resolve("nobody");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().to_string(),
            "NOT_FOUND: no node of 'nobody' in the endpointslice registry (namespace devel)");
  EXPECT_EQ(f.resolve("k8s://x").error().code(), Code::kInvalidArgument);
  f.api.status = 403;
  EXPECT_THAT(f.resolve("k8s://other/greeter").error().message(),
              HasSubstr("not allowed to list endpointslices in namespace other"));
}

}  // namespace
}  // namespace hal::discovery
