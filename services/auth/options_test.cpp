#include "options.hpp"

#include <hal/discovery/testing/temporary_folder.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace auth {
namespace {

using hal::Code;
using hal::config::Environment;

class OptionsTest : public testing::Test {
 protected:
  [[nodiscard]] std::string folder() const { return folder_.path(); }
  [[nodiscard]] static unsigned mode(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

 private:
  hal::discovery::testing::TemporaryFolder folder_;
};

TEST_F(OptionsTest, the_database_is_in_the_users_data_folder) {
  const Environment home{{{"HOME", folder()}}};
  const auto by_home = find_files({}, home);
  ASSERT_TRUE(by_home) << by_home.error().to_string();
  EXPECT_EQ(by_home->database, folder() + "/.local/share/hal9000/auth.db");
  EXPECT_EQ(by_home->key, folder() + "/.local/share/hal9000/auth.key");
  EXPECT_EQ(mode(folder() + "/.local"), 0700U);
  EXPECT_EQ(mode(folder() + "/.local/share/hal9000"), 0700U);
  EXPECT_TRUE(find_files({}, home)) << "the folder is there by now";
  const Environment other{{{"HOME", folder() + "/other"}}};
  EXPECT_TRUE(find_files({}, other, Missing::kRefuse));
  EXPECT_EQ(mode(folder() + "/other"), 0U) << "none is made where that is not meant";

  const Environment data{{{"HOME", "/nowhere"}, {"XDG_DATA_HOME", folder() + "/data"}}};
  EXPECT_EQ(find_files({}, data)->database, folder() + "/data/hal9000/auth.db");
  EXPECT_EQ(mode(folder() + "/data/hal9000"), 0700U);
}

TEST_F(OptionsTest, relative_folders_count_as_unset) {
  const Environment relative{{{"HOME", folder()}, {"XDG_DATA_HOME", "data"}}};
  EXPECT_EQ(find_files({}, relative)->database, folder() + "/.local/share/hal9000/auth.db");
  for (const auto& environment : {Environment{}, Environment{{{"HOME", "home"}}}}) {
    const auto none = find_files({}, environment);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), Code::kInvalidArgument);
    EXPECT_TRUE(none.error().message().contains("HAL_AUTH_DB"));
  }
}

TEST_F(OptionsTest, what_the_options_say_is_taken_and_no_folder_is_made) {
  const AuthOptions options{.auth_db = folder() + "/volume/users.db"};
  const auto files = find_files(options, {});
  ASSERT_TRUE(files);
  EXPECT_EQ(files->database, folder() + "/volume/users.db");
  EXPECT_EQ(files->key, folder() + "/volume/auth.key");
  EXPECT_EQ(mode(folder() + "/volume"), 0U);
  const auto secret = find_files({.auth_db = "users.db", .auth_key_file = "/secret/key"}, {});
  EXPECT_EQ(secret->database, "users.db");
  EXPECT_EQ(secret->key, "/secret/key");
}

TEST_F(OptionsTest, a_folder_that_cannot_be_made_is_named) {
  const Environment home{{{"HOME", "/proc/nowhere"}}};
  const auto files = find_files({}, home);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code(), Code::kUnavailable);
  EXPECT_TRUE(files.error().message().contains("/proc/nowhere")) << files.error().message();
}

TEST(AuthOptions, limits_are_checked) {
  using hal::config::read;
  EXPECT_TRUE(read<AuthOptions>({.environment = Environment{{{"HAL_AUTH_HASHES", "2"}}}}));
  for (const auto* wrong : {"0", "3", "x"}) {
    const auto options =
        read<AuthOptions>({.environment = Environment{{{"HAL_AUTH_HASHES", wrong}}}});
    ASSERT_FALSE(options) << wrong;
    EXPECT_TRUE(options.error().message().contains("HAL_AUTH_HASHES"));
  }
}

}  // namespace
}  // namespace auth
