#include <hal/rpc/dispatch.hpp>

#include <gtest/gtest.h>

namespace hal::rpc {
namespace {

class FakeService final : public Service {
 public:
  explicit FakeService(std::string_view name) : name_{name} {}
  [[nodiscard]] std::string_view full_name() const noexcept override { return name_; }
  [[nodiscard]] std::span<const Method> methods() const noexcept override {
    static constexpr Method kMethods[] = {{.name = "Get"}, {.name = "Put"}};
    return kMethods;
  }

 private:
  std::string_view name_;
};

struct Case {
  std::string_view path;
  std::string_view error;
};

TEST(Dispatcher, finds_methods_and_says_what_it_does_not_know) {
  FakeService users{"shop.v1.Users"};
  FakeService carts{"Carts"};
  Dispatcher dispatcher;
  dispatcher.add(users);
  dispatcher.add(carts);
  for (Service* const service : {static_cast<Service*>(&users), static_cast<Service*>(&carts)}) {
    for (const auto& method : service->methods()) {
      const auto found =
          dispatcher.find("/" + std::string{service->full_name()} + "/" + std::string{method.name});
      ASSERT_TRUE(found);
      EXPECT_EQ(found->service, service);
      EXPECT_EQ(found->method, &method);
    }
  }
  for (const auto& [path, expected] : std::initializer_list<Case>{
           {"/shop.v1.Users/Drop", "unknown method Drop for service shop.v1.Users"},
           {"/shop.v1.Users/", "unknown method  for service shop.v1.Users"},
           {"/shop.v1.Users/get", "unknown method get for service shop.v1.Users"},
           {"/shop.v2.Users/Get", "unknown service shop.v2.Users"},
           {"/Users/Get", "unknown service Users"},
           {"/a/shop.v1.Users/Get", "unknown service a/shop.v1.Users"},
           {"shop.v1.Users/Get", "malformed method name: \"shop.v1.Users/Get\""},
           {"/shop.v1.Users", "malformed method name: \"/shop.v1.Users\""},
           {"/", "malformed method name: \"/\""},
           {"", "malformed method name: \"\""},
       }) {
    const auto found = dispatcher.find(path);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error(), (Status{Code::kUnimplemented, std::string{expected}}));
  }
}

TEST(Dispatcher, aliases_are_the_same_methods_unless_it_is_not_sure_which) {
  FakeService users{"shop.v1.Users"};
  FakeService old_carts{"shop.v1.Carts"};
  FakeService new_carts{"shop.v2.Carts"};
  Dispatcher dispatcher;
  for (Service* const each : {static_cast<Service*>(&users), static_cast<Service*>(&old_carts),
                              static_cast<Service*>(&new_carts)}) {
    dispatcher.add(*each);
  }
  EXPECT_FALSE(dispatcher.find("/shop.Users/Get")) << "nothing is allowed yet";
  dispatcher.allow_aliases({"shop", ""});
  FakeService later{"grpc.health.v1.Health"};
  dispatcher.add(later);
  const auto found = dispatcher.find("/shop.Users/Get");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->service, &users);
  EXPECT_EQ(found->path, "/shop.v1.Users/Get");
  EXPECT_EQ(dispatcher.find("/shop.v1.Users/Get")->path, "/shop.v1.Users/Get");
  EXPECT_EQ(dispatcher.find("/shop.v2.Carts/Get")->service, &new_carts);
  for (const char* path : {"/shop.Carts/Get", "/Users/Get", "/shops.Users/Get", "/shop.Health/Get",
                           "/shop.Users/Drop", "/x/shop.Users/Get"}) {
    EXPECT_FALSE(dispatcher.find(path)) << path;
  }
}

TEST(DispatcherDeathTest, two_services_of_one_name_are_a_bug) {
  FakeService first{"a.B"};
  FakeService second{"a.B"};
  Dispatcher dispatcher;
  dispatcher.add(first);
  EXPECT_DEATH(dispatcher.add(second), "one service of each name");
}

}  // namespace
}  // namespace hal::rpc
