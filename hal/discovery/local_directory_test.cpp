#include <hal/discovery/local_directory.hpp>

#include <hal/discovery/testing/temporary_folder.hpp>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hal::discovery {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using ::testing::UnorderedElementsAre;

TEST(LocalDirectoryPath, IsChosenFromTheEnvironment) {
  struct Case {
    std::string_view local_dir;
    std::string runtime_dir;
    std::string_view path;
  };
  for (const Case& c : {
           Case{"", "", "/tmp/hal9000-1000"},
           {"", "/run/user/1000", "/run/user/1000/hal9000"},
           {"", "run", "/tmp/hal9000-1000"},
           {"/a/b", "/run/user/1000", "/a/b"},
           {"/a/b", "", "/a/b"},
       }) {
    const config::Environment environment{{{"XDG_RUNTIME_DIR", c.runtime_dir}}};
    EXPECT_EQ(local_directory_path(c.local_dir, environment, 1000), c.path);
  }
}

TEST(LocalDirectoryPath, MustNotDependOnTheWorkingFolder) {
  const auto path = local_directory_path("registry", {}, 1000);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code(), Code::kInvalidArgument);
  EXPECT_THAT(path.error().message(), HasSubstr("HAL_LOCAL_DIR: \"registry\" is relative"));
}

TEST(LocalDirectory, IsMadeForThisUserAlone) {
  const TemporaryFolder folder;
  const mode_t former = umask(0);
  const auto directory = LocalDirectory::open(folder.path("registry"));
  umask(former);
  ASSERT_TRUE(directory) << directory.error().to_string();
  EXPECT_EQ(directory->path(), folder.path("registry"));
  struct stat status{};
  ASSERT_EQ(stat(directory->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  EXPECT_TRUE(LocalDirectory::open(folder.path("registry")));
  EXPECT_EQ(LocalDirectory::open(folder.path("registry//"))->path(), folder.path("registry"));
}

void expect_refused(const std::string& path, std::string_view why) {
  const auto directory = LocalDirectory::open(path);
  ASSERT_FALSE(directory) << why;
  EXPECT_EQ(directory.error().code(), Code::kFailedPrecondition);
  EXPECT_THAT(directory.error().message(), HasSubstr(why));
  EXPECT_THAT(directory.error().message(), HasSubstr("HAL_LOCAL_DIR names another one"));
}

TEST(LocalDirectory, RefusesAccessForOthers) {
  for (const mode_t mode : {0701U, 0702U, 0704U, 0710U, 0720U, 0740U, 0755U, 0777U, 01777U}) {
    const TemporaryFolder folder;
    ASSERT_EQ(chmod(folder.path().c_str(), mode), 0);
    expect_refused(folder.path(), fmt::format("(mode {:04o}, expected 0700)", mode));
    ASSERT_EQ(chmod(folder.path().c_str(), 0700), 0);
    EXPECT_TRUE(LocalDirectory::open(folder.path()));
  }
}

TEST(LocalDirectory, RefusesAnotherOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  const TemporaryFolder folder;
  ASSERT_EQ(chown(folder.path().c_str(), 4321, 4321), 0);
  expect_refused(folder.path(), "belongs to user 4321, not to 0");
}

TEST(LocalDirectory, RefusesASymbolicLink) {
  const TemporaryFolder folder;
  ASSERT_TRUE(LocalDirectory::open(folder.path("real")));
  ASSERT_EQ(symlink("real", folder.path("link").c_str()), 0);
  ASSERT_EQ(symlink("nothing", folder.path("dangling").c_str()), 0);
  expect_refused(folder.path("link"), "is a symbolic link");
  expect_refused(folder.path("link/"), "is a symbolic link");
  expect_refused(folder.path("dangling"), "is a symbolic link");
  EXPECT_THAT(folder.names(), SizeIs(3));
}

TEST(LocalDirectory, RefusesWhatIsNoFolder) {
  const TemporaryFolder folder;
  folder.write("file", "");
  expect_refused(folder.path("file"), "Not a directory");
  expect_refused(folder.path("missing/registry"), "cannot be made: No such file");
}

TEST(LocalDirectory, ListsNamesUpToALimit) {
  const TemporaryFolder folder;
  const LocalDirectory directory = folder.open();
  EXPECT_THAT(directory.names(10).value(), IsEmpty());
  for (const std::string_view name : {"a", "b", ".hidden", "c.json"}) folder.write(name, "");
  EXPECT_THAT(directory.names(10).value(), UnorderedElementsAre("a", "b", "c.json"));
  EXPECT_THAT(directory.names(10).value(), SizeIs(3));
  EXPECT_THAT(directory.names(2).value(), SizeIs(2));
}

TEST(LocalDirectory, StaysWithTheFolderThatWasChecked) {
  const TemporaryFolder folder;
  const auto directory = LocalDirectory::open(folder.path("registry")).value();
  ASSERT_EQ(rename(folder.path("registry").c_str(), folder.path("moved").c_str()), 0);
  folder.write("moved/a", "");
  EXPECT_THAT(directory.names(10).value(), UnorderedElementsAre("a"));
}

}  // namespace
}  // namespace hal::discovery
