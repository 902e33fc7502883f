#include <hal/discovery/node_file.hpp>

#include <hal/base/contract.hpp>
#include <hal/discovery/testing/child_process.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <memory>

namespace hal::discovery {
namespace {

using testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;
using Content = std::optional<std::string>;

constexpr std::string_view kUuid = "10111213-1415-4617-9819-1a1b1c1d1e1f";
const std::string kName = "10111213-1415-4617-9819-1a1b1c1d1e1f.json";
const std::string kUnfinishedName = "10111213-1415-4617-9819-1a1b1c1d1e1f.tmp";

NodeFile publish(const TemporaryFolder& folder, std::string_view content,
                 std::string_view uuid = kUuid) {
  auto file = NodeFile::publish(folder.open(), uuid, content);
  expects(file.has_value(), "the test can publish");
  return std::move(*file);
}

Content read(const TemporaryFolder& folder, const std::string& name = kName) {
  return read_node_file(folder.open(), name, 100).value();
}

Status failure_of(const TemporaryFolder& folder, const std::string& name = kName) {
  return read_node_file(folder.open(), name, 100).error();
}

TEST(NodeFile, IsThereWhileItsOwnerIs) {
  const TemporaryFolder folder;
  {
    const NodeFile file = publish(folder, "content");
    EXPECT_EQ(file.uuid(), kUuid);
    EXPECT_THAT(folder.names(), ElementsAre(kName));
    EXPECT_EQ(read(folder), Content{"content"});
    EXPECT_EQ(read(folder), Content{"content"});
    struct stat status{};
    ASSERT_EQ(stat(folder.path(kName).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
  }
  EXPECT_THAT(folder.names(), IsEmpty());
  EXPECT_EQ(read(folder), Content{});
}

TEST(NodeFile, MovesWithItsOwner) {
  const TemporaryFolder folder;
  auto first = std::make_unique<NodeFile>(publish(folder, "content"));
  const NodeFile second{std::move(*first)};
  first.reset();
  EXPECT_EQ(read(folder), Content{"content"});
}

TEST(NodeFile, IsReplacedInOneStep) {
  const TemporaryFolder folder;
  auto former = std::make_unique<NodeFile>(publish(folder, "former"));
  const auto latter = std::make_unique<NodeFile>(publish(folder, "latter"));
  EXPECT_EQ(read(folder), Content{"latter"});
  former.reset();
  EXPECT_EQ(read(folder), Content{"latter"});
  EXPECT_THAT(folder.names(), ElementsAre(kName));
}

TEST(NodeFile, OfAKilledProcessIsGoneAtOnceAndRemoved) {
  const TemporaryFolder folder;
  auto child = ChildProcess::after([&] {
    const auto* const leaked = new NodeFile{publish(folder, "child's")};
    ASSERT_TRUE(leaked);
  });
  EXPECT_EQ(read(folder), Content{"child's"});
  child.kill();
  EXPECT_THAT(folder.names(), ElementsAre(kName));
  EXPECT_EQ(read(folder), Content{});
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(NodeFile, IsNotKeptByAProgramThatItsOwnerStarted) {
  const TemporaryFolder folder;
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  FileDescriptor input{ends[0]};
  FileDescriptor keeps_cat_alive{ends[1]};
  auto owner = ChildProcess::after([&] {
    const auto* const leaked = new NodeFile{publish(folder, "owner's")};
    ASSERT_TRUE(leaked);
    testing::start_cat(input.get());
  });
  EXPECT_EQ(read(folder), Content{"owner's"});
  owner.kill();
  EXPECT_EQ(read(folder), Content{});
}

TEST(NodeFile, IsNotRemovedByAForkedChildThatEnds) {
  const TemporaryFolder folder;
  auto file = std::make_unique<NodeFile>(publish(folder, "parent's"));
  EXPECT_EQ(testing::run_in_child([&] { file.reset(); }), 0);
  EXPECT_EQ(read(folder), Content{"parent's"});
}

TEST(NodeFile, LeftUnfinishedIsRemovedOnceItsWriterIsGone) {
  const TemporaryFolder folder;
  auto writer = ChildProcess::after([&] {
    const int file = open(folder.path(kUnfinishedName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(flock(file, LOCK_EX), 0);
  });
  EXPECT_EQ(read(folder, kUnfinishedName), Content{});
  EXPECT_THAT(folder.names(), ElementsAre(kUnfinishedName));
  writer.kill();
  EXPECT_EQ(read(folder, kUnfinishedName), Content{});
  EXPECT_THAT(folder.names(), IsEmpty());
}

/// A reader that looked at a dead file just before its name came to mean a live one.
TEST(NodeFile, AReaderOfTheDeadFileLeavesTheLiveOneThere) {
  const TemporaryFolder folder;
  folder.write(kName, "dead");
  const FileDescriptor dead{open(folder.path(kName).c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(flock(dead.get(), LOCK_SH | LOCK_NB), 0);
  const NodeFile file = publish(folder, "live");
  EXPECT_EQ(read(folder), Content{"live"});
}

TEST(NodeFile, TooLongIsRefused) {
  const TemporaryFolder folder;
  const NodeFile fits = publish(folder, std::string(100, 'x'));
  EXPECT_EQ(read(folder), Content{std::string(100, 'x')});
  const NodeFile too_long = publish(folder, std::string(101, 'x'));
  EXPECT_EQ(failure_of(folder).code(), Code::kInvalidArgument);
  EXPECT_EQ(failure_of(folder).message(), "it has 101 bytes, 100 are allowed");
}

TEST(NodeFile, WhatIsNoFileIsRefusedWithoutWaiting) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(failure_of(folder, "fifo").code(), Code::kInvalidArgument);
  std::filesystem::create_directory(folder.path("folder"));
  EXPECT_EQ(failure_of(folder, "folder").code(), Code::kInvalidArgument);
  std::filesystem::create_symlink("/etc/hostname", folder.path("link"));
  EXPECT_EQ(failure_of(folder, "link").code(), Code::kUnavailable);
}

TEST(NodeFile, NeedsItsFolder) {
  const TemporaryFolder folder;
  auto directory = LocalDirectory::open(folder.path("registry")).value();
  auto again = LocalDirectory::open(folder.path("registry")).value();
  {
    const auto file = NodeFile::publish(std::move(directory), kUuid, "content");
    ASSERT_TRUE(file);
    std::filesystem::remove_all(folder.path("registry"));
  }
  const auto file = NodeFile::publish(std::move(again), kUuid, "content");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), Code::kUnavailable);
  EXPECT_THAT(file.error().message(), HasSubstr("cannot make a file: No such file"));
}

TEST(NodeFile, KnowsItsOwnNames) {
  EXPECT_TRUE(is_document(kName));
  EXPECT_TRUE(is_unfinished(kUnfinishedName));
  EXPECT_FALSE(is_document(kUnfinishedName));
  EXPECT_FALSE(is_unfinished(kName));
  for (const std::string_view name : {"", ".json", "notes.json", "a.tmp", "../x.json"}) {
    EXPECT_FALSE(is_document(name)) << name;
    EXPECT_FALSE(is_unfinished(name)) << name;
  }
}

}  // namespace
}  // namespace hal::discovery
