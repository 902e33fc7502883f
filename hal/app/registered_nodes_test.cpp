#include <hal/app/registered_nodes.hpp>

#include <hal/app/app.hpp>
#include <hal/async/scope.hpp>
#include <hal/async/testing/manual_loop.hpp>
#include <hal/async/thread_pool.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/net/io_loop.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>

namespace hal::app {
namespace {

using service::Node;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Node node(std::string id) {
  return {.id = std::move(id),
          .address = "127.0.0.1:1",
          .service = "test",
          .version{},
          .metadata{},
          .endpoints{}};
}

/// Answers when the test says so.
class SlowDiscovery final : public service::Discovery {
 public:
  Task<Result<std::vector<Node>>> resolve(std::string /*service*/) override { return list(); }
  Task<Result<std::vector<Node>>> list() override { co_return std::vector<Node>{}; }
  Task<Result<>> add(Node node) override {
    if (slow_add) co_await or_return(co_await adding.wait());
    added.push_back(node.id);
    if (!added_status.ok()) co_return error(added_status);
    co_return Result<>{};
  }
  Task<Result<>> remove(std::string id) override {
    removing.push_back(id);
    if (slow_remove) co_await or_return(co_await never.wait());
    removed.push_back(id);
    co_return Result<>{};
  }
  [[nodiscard]] std::string_view name() const noexcept override { return "slow"; }

  bool slow_add = false;
  bool slow_remove = false;
  Status added_status;
  WaitQueue adding;
  WaitQueue never;
  std::vector<std::string> added;
  std::vector<std::string> removing;
  std::vector<std::string> removed;
};

class RegisteredNodesTest : public ::testing::Test {
 protected:
  ~RegisteredNodesTest() override {
    background.cancel({Code::kCancelled, "the test ends"});
    loop.run_until([this] { return background.active() == 0; });
  }
  static Task<> add_one(RegisteredNodesTest* self, std::string id) {
    self->outcomes.push_back(co_await self->nodes.add(&self->discovery, node(std::move(id))));
  }
  static Task<> remove_them(RegisteredNodesTest* self) {
    co_await self->nodes.remove_all(&self->discovery);
    ++self->removals;
  }
  void add(std::string id) {
    background.spawn(add_one, this, std::move(id));
    loop.run_ready();
  }
  void remove_all() {
    background.spawn(remove_them, this);
    loop.run_ready();
  }

  hal::testing::ManualLoop loop;
  Scope background{Context{.loop = &loop}};
  SlowDiscovery discovery;
  RegisteredNodes nodes;
  std::vector<Result<>> outcomes;
  int removals = 0;
};

TEST_F(RegisteredNodesTest, AreRemovedOnce) {
  add("a");
  add("b");
  EXPECT_THAT(discovery.added, ElementsAre("a", "b"));
  EXPECT_THAT(discovery.removing, IsEmpty());
  remove_all();
  EXPECT_EQ(removals, 1);
  EXPECT_THAT(discovery.removed, UnorderedElementsAre("a", "b"));
  remove_all();
  EXPECT_EQ(removals, 2);
  EXPECT_THAT(discovery.removing, UnorderedElementsAre("a", "b"));
}

TEST_F(RegisteredNodesTest, ThatWereOnTheirWayAreRemovedToo) {
  discovery.slow_add = true;
  add("late");
  remove_all();
  EXPECT_EQ(removals, 1) << "nobody waits for the registration";
  EXPECT_THAT(outcomes, IsEmpty());
  discovery.adding.wake_all();
  loop.run_ready();
  ASSERT_EQ(outcomes.size(), 1);
  EXPECT_TRUE(outcomes.front());
  EXPECT_THAT(discovery.removed, ElementsAre("late"));
}

TEST_F(RegisteredNodesTest, ThatTheRegistryRefusesAreNone) {
  discovery.added_status = {Code::kInvalidArgument, "no"};
  add("a");
  ASSERT_EQ(outcomes.size(), 1);
  EXPECT_EQ(outcomes.front().error(), discovery.added_status);
  remove_all();
  EXPECT_THAT(discovery.removing, IsEmpty());
}

TEST_F(RegisteredNodesTest, AreAllAskedForAtOnceAndWaitedForTogether) {
  const telemetry::testing::CapturedLogs logs;
  add("a");
  add("b");
  discovery.slow_remove = true;
  remove_all();
  EXPECT_THAT(discovery.removing, UnorderedElementsAre("a", "b"));
  loop.advance(RegisteredNodes::kRemovalTime - std::chrono::milliseconds{1});
  EXPECT_EQ(removals, 0);
  loop.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(removals, 1);
  EXPECT_EQ(logs.count("cannot deregister a: DEADLINE_EXCEEDED"), 1);
  EXPECT_EQ(logs.count("cannot deregister b: DEADLINE_EXCEEDED"), 1);
}

/// What serve_and_end() saw in the registry.
std::vector<Node>& seen() {
  static std::vector<Node> nodes;
  return nodes;
}

Task<Result<>> serve_and_end(App& app) {
  co_await or_return(app.on_listening({.endpoint = {.host = "127.0.0.1", .port = 1}}));
  seen() = co_await or_return(app.discovery().list());
  co_return error(Code::kAborted, "no more");
}

Task<Result<std::vector<Node>>> list(service::Discovery* discovery) {
  co_return co_await discovery->list();
}

TEST(RegisteredNodes, OfAServiceThatEndsByItselfAreRemoved) {
  const discovery::testing::TemporaryFolder folder;
  const auto app = App::make({.environment = config::Environment{{{"HAL_REGISTRY", "local"},
                                                                  {"HAL_LOCAL_DIR", folder.path()},
                                                                  {"HAL_ADMIN_PORT", "0"},
                                                                  {"HAL_WORKERS", "1"}}},
                              .arguments = {}},
                             {.service_name = "short"});
  ASSERT_TRUE(app) << app.error().to_string();
  const auto served = (*app)->run(serve_and_end);
  EXPECT_EQ(served.error(), (Status{Code::kAborted, "no more"}));
  ASSERT_EQ(seen().size(), 1);
  EXPECT_EQ(seen().front().service, "short");
  net::IoLoop loop;
  ThreadPool pool;
  loop.set_offload_pool(&pool);
  EXPECT_THAT(block_on(loop, list, &(*app)->discovery()).value(), IsEmpty());
}

}  // namespace
}  // namespace hal::app
