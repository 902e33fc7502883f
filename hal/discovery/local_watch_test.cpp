#include <hal/discovery/local_watch.hpp>

#include <hal/discovery/local_discovery.hpp>
#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>

#include <gmock/gmock.h>

#include <condition_variable>
#include <filesystem>

namespace hal::discovery {
namespace {

using testing::add;
using testing::make_node;
using testing::remove;
using testing::resolve;
using testing::TemporaryFolder;

/// Counts what a subscriber is told, from any thread.
class Told {
 public:
  std::function<void()> function() {
    return [this] {
      const std::lock_guard lock{mutex_};
      ++times_;
      changed_.notify_all();
    };
  }
  /// Whether it is told once more than so far, in a minute at most.
  bool again() {
    std::unique_lock lock{mutex_};
    const bool told =
        changed_.wait_for(lock, std::chrono::minutes{1}, [this] { return times_ > seen_; });
    seen_ = times_;
    return told;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
  int seen_ = 0;
};

TEST(LocalWatch, TellsOfNodesThatComeAndGo) {
  const TemporaryFolder folder;
  Told told;  // outlives the thread that tells
  LocalDiscovery client{{.directory = folder.path()}};
  const auto subscription = client.subscribe("greeter", told.function());
  ASSERT_NE(subscription, nullptr);
  LocalDiscovery server{{.directory = folder.path()}};
  ASSERT_TRUE(add(server, make_node("greeter", 1)));
  EXPECT_TRUE(told.again());
  EXPECT_TRUE(resolve(client, "greeter"));
  ASSERT_TRUE(remove(server, "greeter-1"));
  EXPECT_TRUE(told.again());
  EXPECT_FALSE(resolve(client, "greeter"));
}

TEST(LocalWatch, SeesTheNodeThatItTellsOf) {
  const TemporaryFolder folder;
  std::mutex mutex;
  std::condition_variable changed;
  bool found = false;
  bool ended = false;
  LocalDiscovery client{{.directory = folder.path()}};
  const auto subscription = client.subscribe("greeter", [&] {
    const std::lock_guard lock{mutex};
    if (ended) return;  // a call that has begun before the subscription ended
    found = found || resolve(client, "greeter").has_value();
    changed.notify_all();
  });
  LocalDiscovery server{{.directory = folder.path()}};
  ASSERT_TRUE(add(server, make_node("greeter", 1)));
  std::unique_lock lock{mutex};
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::minutes{1}, [&] { return found; }));
  ended = true;
}

TEST(LocalWatch, AFolderMayGoAndComeBack) {
  const TemporaryFolder folder;
  const std::string path = folder.path("registry");
  Told told;
  LocalDiscovery client{{.directory = path}};
  const auto subscription = client.subscribe("greeter", told.function());
  EXPECT_FALSE(resolve(client, "greeter")) << "it has made the folder, and watches it";
  LocalDiscovery server{{.directory = path}};
  ASSERT_TRUE(add(server, make_node("greeter", 1)));
  EXPECT_TRUE(told.again());
  std::filesystem::remove_all(path);
  EXPECT_TRUE(told.again());
  EXPECT_FALSE(resolve(client, "greeter"));
  ASSERT_TRUE(add(server, make_node("greeter", 2)));
  EXPECT_TRUE(told.again());
}

TEST(LocalWatch, WhoHasLeftIsNotTold) {
  const TemporaryFolder folder;
  Told told;
  LocalDiscovery registry{{.directory = folder.path()}};
  auto subscription = registry.subscribe("greeter", [] { ADD_FAILURE() << "it has left"; });
  subscription.reset();
  const auto other = registry.subscribe("greeter", told.function());
  ASSERT_TRUE(add(registry, make_node("greeter", 1)));
  EXPECT_TRUE(told.again());
}

}  // namespace
}  // namespace hal::discovery
