#include <hal/discovery/local_discovery.hpp>

#include <hal/base/contract.hpp>
#include <hal/base/uuid.hpp>
#include <hal/discovery/node_file.hpp>
#include <hal/discovery/node_json.hpp>
#include <hal/discovery/testing/blocking.hpp>
#include <hal/discovery/testing/child_process.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>

#include <filesystem>

namespace hal::discovery {
namespace {

using service::Node;
using telemetry::testing::CapturedLogs;
using testing::add;
using testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ids_of;
using ::testing::IsEmpty;
using testing::list;
using testing::make_node;
using testing::remove;
using testing::resolve;
using ::testing::SizeIs;
using testing::TemporaryFolder;

LocalOptions in(const TemporaryFolder& folder) { return {.directory = folder.path()}; }

/// Publishes a document that stays until the process ends.
void leak(const TemporaryFolder& folder, std::string_view document) {
  auto file = NodeFile::publish(folder.open(), make_uuid(), document);
  expects(file.has_value(), "the test can publish");
  static std::vector<std::unique_ptr<NodeFile>> leaked;
  leaked.push_back(std::make_unique<NodeFile>(std::move(*file)));
}

TEST(LocalDiscovery, FindsWhatAnotherRegistered) {
  const TemporaryFolder folder;
  LocalDiscovery server{in(folder)};
  LocalDiscovery client{in(folder)};
  Node node = make_node("greeter", 1);
  node.metadata["otlp"] = "http://127.0.0.1:4318";
  ASSERT_TRUE(add(server, node));
  ASSERT_TRUE(add(server, make_node("auth", 2)));
  ASSERT_TRUE(add(client, make_node("greeter", 3)));
  EXPECT_THAT(resolve(client, "greeter").value(), ElementsAre(node, make_node("greeter", 3)));
  EXPECT_THAT(ids_of(list(server).value()), ElementsAre("auth-2", "greeter-1", "greeter-3"));
  EXPECT_EQ(client.name(), "local");
}

TEST(LocalDiscovery, SaysWhatItKnowsInstead) {
  const TemporaryFolder folder;
  LocalDiscovery registry{in(folder)};
  const auto empty = resolve(registry, "x");
  EXPECT_EQ(empty.error().code(), Code::kNotFound);
  EXPECT_EQ(empty.error().message(),
            fmt::format("no node of 'x' in the local registry {}; it is empty", folder.path()));
  ASSERT_TRUE(add(registry, make_node("b", 1)));
  ASSERT_TRUE(add(registry, make_node("a", 1)));
  ASSERT_TRUE(add(registry, make_node("b", 2)));
  EXPECT_EQ(resolve(registry, "x").error().message(),
            fmt::format("no node of 'x' in the local registry {}; it knows: a, b", folder.path()));
  for (unsigned i = 10; i < 40; ++i) {
    ASSERT_TRUE(add(registry, make_node(fmt::format("c{}", i), i)));
  }
  EXPECT_THAT(resolve(registry, "x").error().message(), HasSubstr("c26, c27 and 12 more"));
}

TEST(LocalDiscovery, ReplacesAndRemoves) {
  const TemporaryFolder folder;
  LocalDiscovery registry{in(folder)};
  Node node = make_node("greeter", 1);
  ASSERT_TRUE(add(registry, node));
  node.address = "127.0.0.1:9";
  ASSERT_TRUE(add(registry, node));
  EXPECT_THAT(list(registry).value(), ElementsAre(node));
  EXPECT_THAT(folder.names(), SizeIs(1));
  ASSERT_TRUE(remove(registry, "other"));
  EXPECT_THAT(list(registry).value(), SizeIs(1));
  ASSERT_TRUE(remove(registry, node.id));
  ASSERT_TRUE(remove(registry, node.id));
  EXPECT_THAT(list(registry).value(), IsEmpty());
  EXPECT_THAT(folder.names(), IsEmpty());
  ASSERT_TRUE(add(registry, node));
  EXPECT_THAT(list(registry).value(), ElementsAre(node));
}

TEST(LocalDiscovery, TakesItsNodesAlongWhenItEnds) {
  const TemporaryFolder folder;
  {
    LocalDiscovery registry{in(folder)};
    ASSERT_TRUE(add(registry, make_node("a", 1)));
    ASSERT_TRUE(add(registry, make_node("a", 2)));
    EXPECT_THAT(folder.names(), SizeIs(2));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDiscovery, RefusesNodesThatNobodyCouldUse) {
  const TemporaryFolder folder;
  LocalDiscovery registry{
      {.directory = folder.path(), .own_nodes_max = 2, .limits = {.file_bytes_max = 1000}}};
  Node node = make_node("greeter");
  node.address = "0.0.0.0:0";
  EXPECT_EQ(add(registry, node).error().code(), Code::kInvalidArgument);
  node = make_node("greeter");
  node.metadata["long"].assign(1000, 'x');
  EXPECT_THAT(add(registry, node).error().message(), HasSubstr("1000 are allowed"));
  ASSERT_TRUE(add(registry, make_node("greeter", 1)));
  ASSERT_TRUE(add(registry, make_node("greeter", 2)));
  ASSERT_TRUE(add(registry, make_node("greeter", 2)));
  EXPECT_EQ(add(registry, make_node("greeter", 3)).error().code(), Code::kResourceExhausted);
  EXPECT_THAT(folder.names(), SizeIs(2));
}

TEST(LocalDiscovery, AKilledProcessIsGoneAtOnce) {
  const TemporaryFolder folder;
  LocalDiscovery registry{in(folder)};
  std::vector<ChildProcess> children;
  for (unsigned i = 0; i < 5; ++i) {
    children.push_back(
        ChildProcess::after([&] { leak(folder, to_json(make_node("greeter", i)).value()); }));
  }
  EXPECT_THAT(resolve(registry, "greeter").value(), SizeIs(5));
  children[1].kill();
  children[3].kill();
  EXPECT_THAT(ids_of(list(registry).value()), ElementsAre("greeter-0", "greeter-2", "greeter-4"));
  EXPECT_THAT(folder.names(), SizeIs(3));
  children.clear();
  EXPECT_EQ(resolve(registry, "greeter").error().code(), Code::kNotFound);
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDiscovery, TwoFoldersDoNotSeeEachOther) {
  const TemporaryFolder one;
  const TemporaryFolder other;
  LocalDiscovery in_one{in(one)};
  LocalDiscovery in_other{in(other)};
  ASSERT_TRUE(add(in_one, make_node("a")));
  ASSERT_TRUE(add(in_other, make_node("b")));
  EXPECT_THAT(ids_of(list(in_one).value()), ElementsAre("a-1"));
  EXPECT_THAT(ids_of(list(in_other).value()), ElementsAre("b-1"));
}

TEST(LocalDiscovery, PassesOverWrongDocumentsAndLogsEachOnce) {
  const TemporaryFolder folder;
  LocalDiscovery registry{{.directory = folder.path(), .limits = {.file_bytes_max = 1000}}};
  ASSERT_TRUE(add(registry, make_node("a")));
  const std::vector<NodeFile> files = [&] {
    std::vector<NodeFile> made;
    for (const std::string& document :
         {std::string{"{"}, std::string{"[]"}, std::string(1001, ' ')}) {
      made.push_back(NodeFile::publish(folder.open(), make_uuid(), document).value());
    }
    return made;
  }();
  const CapturedLogs logs;
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ids_of(list(registry).value()), ElementsAre("a-1"));
  EXPECT_EQ(logs.lines().size(), 3U);
  EXPECT_EQ(logs.count("not JSON"), 1U);
  EXPECT_EQ(logs.count("the document is not an object"), 1U);
  EXPECT_EQ(logs.count("1001 bytes, 1000 are allowed"), 1U);
  EXPECT_EQ(logs.count(files[0].uuid()), 1U);
}

TEST(LocalDiscovery, LeavesFilesOfOthersAlone) {
  const TemporaryFolder folder;
  folder.write("notes.json", "{}");
  folder.write("x.tmp", "");
  std::filesystem::create_directory(folder.path("folder.json"));
  LocalDiscovery registry{in(folder)};
  const CapturedLogs logs;
  EXPECT_THAT(list(registry).value(), IsEmpty());
  EXPECT_THAT(folder.names(), ElementsAre("folder.json", "notes.json", "x.tmp"));
  EXPECT_THAT(logs.lines(), IsEmpty());
}

TEST(LocalDiscovery, ReadsAsManyFilesAsAllowed) {
  const TemporaryFolder folder;
  LocalDiscovery registry{{.directory = folder.path(), .limits = {.files_max = 3}}};
  for (unsigned i = 0; i < 5; ++i) ASSERT_TRUE(add(registry, make_node("a", i)));
  EXPECT_THAT(list(registry).value(), SizeIs(3));
}

TEST(LocalDiscovery, ComesBackWithItsFolder) {
  const TemporaryFolder folder;
  LocalDiscovery registry{{.directory = folder.path("registry")}};
  ASSERT_TRUE(add(registry, make_node("a")));
  std::filesystem::remove_all(folder.path("registry"));
  EXPECT_THAT(list(registry).value(), IsEmpty());
  ASSERT_TRUE(add(registry, make_node("a")));
  EXPECT_THAT(ids_of(list(registry).value()), ElementsAre("a-1"));
}

TEST(LocalDiscovery, AFolderThatCannotBeUsedIsUnavailable) {
  const TemporaryFolder folder;
  folder.write("file", "");
  LocalDiscovery registry{{.directory = folder.path("file")}};
  EXPECT_EQ(list(registry).error().code(), Code::kUnavailable);
  EXPECT_EQ(resolve(registry, "a").error().code(), Code::kUnavailable);
  EXPECT_EQ(add(registry, make_node("a")).error().code(), Code::kUnavailable);
  EXPECT_TRUE(remove(registry, "a-1"));
}

/// A node that is whole only if all of it is: each part repeats the id.
Node telling_node(const std::string& writer, unsigned number) {
  Node node = make_node(writer, number);
  for (int i = 0; i < 20; ++i) node.metadata[fmt::format("copy-{}", i)] = node.id;
  return node;
}

/// Adds, replaces and removes a few nodes, again and again.
class Churn {
 public:
  Churn(const TemporaryFolder& folder, std::string writer) : folder_{folder}, writer_{writer} {}

  void step() {
    const unsigned number = count_++ % 8;
    if (files_[number] && count_ % 3 == 0) {
      files_[number].reset();
      return;
    }
    const std::string uuid = files_[number] ? files_[number]->uuid() : make_uuid();
    auto file =
        NodeFile::publish(folder_.open(), uuid, to_json(telling_node(writer_, number)).value());
    expects(file.has_value(), "a file can always be published");
    files_[number] = std::make_unique<NodeFile>(std::move(*file));
  }

 private:
  const TemporaryFolder& folder_;
  std::string writer_;
  unsigned count_ = 0;
  std::array<std::unique_ptr<NodeFile>, 8> files_;
};

void expect_whole(const LocalScan& found) {
  for (const FileReport& report : found.failures) {
    ADD_FAILURE() << report.file << ": " << report.failure.to_string();
  }
  for (const Node& node : found.nodes) {
    for (const auto& [key, value] : node.metadata) {
      if (key.starts_with("copy-")) EXPECT_EQ(value, node.id);
    }
    EXPECT_THAT(node.metadata, SizeIs(22));
  }
}

TEST(LocalDiscovery, ReadersSeeWholeNodesWhileManyWrite) {
  const TemporaryFolder folder;
  std::vector<ChildProcess> processes;
  for (int i = 0; i < 3; ++i) {
    const auto churn = std::make_shared<Churn>(folder, fmt::format("process-{}", i));
    processes.push_back(ChildProcess::repeating([churn] { churn->step(); }));
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&folder, i](const std::stop_token& stop) {
      Churn churn{folder, fmt::format("thread-{}", i)};
      while (!stop.stop_requested()) churn.step();
    });
  }
  const LocalDirectory directory = folder.open();
  // All write for as long as this reads, whoever is held up.
  for (std::size_t seen = 0; seen < 10'000;) {
    const auto found = scan(directory, {});
    ASSERT_TRUE(found) << found.error().to_string();
    expect_whole(*found);
    seen += found->nodes.size();
  }
  threads.clear();
  processes.clear();
  const auto left = scan(directory, {});
  EXPECT_THAT(left->nodes, IsEmpty());
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalDiscovery, IsThreadSafe) {
  const TemporaryFolder folder;
  LocalDiscovery registry{in(folder)};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&registry, i] {
      const Node own = make_node("own", i);
      const Node shared = make_node("shared", 1);
      for (int round = 0; round < 50; ++round) {
        EXPECT_TRUE(add(registry, own));
        EXPECT_TRUE(add(registry, shared));
        EXPECT_THAT(ids_of(list(registry).value()), ::testing::Contains(own.id));
        EXPECT_TRUE(remove(registry, own.id));
      }
    });
  }
  threads.clear();
  EXPECT_THAT(ids_of(list(registry).value()), ElementsAre("shared-1"));
  EXPECT_THAT(folder.names(), SizeIs(1));
}

}  // namespace
}  // namespace hal::discovery
