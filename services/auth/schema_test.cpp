#include "schema.hpp"

#include <hal/base/contract.hpp>

#include <hal/discovery/testing/temporary_folder.hpp>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace auth {
namespace {

using hal::Code;

class SchemaTest : public testing::Test {
 protected:
  Database open() {
    auto database = Database::open(path_);
    hal::expects(database.has_value(), "the test can open a database");
    return std::move(*database);
  }
  hal::discovery::testing::TemporaryFolder folder_;
  const std::string path_ = folder_.path("auth.db");
};

TEST_F(SchemaTest, what_is_committed_is_on_the_disk) {
  auto database = open();
  EXPECT_EQ(database.integer("PRAGMA synchronous"), 2) << "FULL";
  EXPECT_EQ(database.integer("PRAGMA foreign_keys"), 1);
  auto mode = database.query("PRAGMA journal_mode");
  ASSERT_TRUE(mode && mode->step());
  EXPECT_EQ(mode->text(0), "wal");
}

TEST_F(SchemaTest, the_files_are_the_owners_alone) {
  const auto former = ::umask(0);
  auto database = open();
  ASSERT_TRUE(migrate(database));
  ::umask(former);
  for (const auto& name : folder_.names()) {
    struct stat status{};
    ASSERT_EQ(::stat(folder_.path(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U) << name;
  }
}

TEST_F(SchemaTest, a_file_that_others_may_read_becomes_private) {
  {
    auto database = open();
    ASSERT_TRUE(migrate(database));
    for (const auto& name : folder_.names()) ::chmod(folder_.path(name).c_str(), 0644);
    auto other = open();
    for (const auto& name : folder_.names()) {
      struct stat status{};
      ASSERT_EQ(::stat(folder_.path(name).c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 07777, 0600U) << name;
    }
  }
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(path_.c_str(), 12'345, 12'345), 0);
  EXPECT_TRUE(Database::open(path_)) << "nobody else may read it";
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  const auto shared = Database::open(path_);
  ASSERT_FALSE(shared);
  EXPECT_EQ(shared.error().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(shared.error().message().contains(path_)) << shared.error().message();
}

TEST_F(SchemaTest, a_missing_file_is_made_only_where_that_is_meant) {
  const auto database = Database::open(path_, Missing::kRefuse);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code(), Code::kUnavailable);
  EXPECT_TRUE(database.error().message().contains("No such file")) << database.error().message();
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(SchemaTest, a_reader_waits_for_no_writer_and_writes_nothing) {
  auto database = open();
  ASSERT_TRUE(database.script("CREATE TABLE t(x); INSERT INTO t VALUES(1)"));
  auto transaction = Transaction::begin(database, Durability::kKill);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database.run("INSERT INTO t VALUES(2)"));
  auto reader = Database::open_to_read(path_);
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_EQ(reader->integer("SELECT count(*) FROM t"), 1);
  EXPECT_FALSE(reader->run("INSERT INTO t VALUES(3)"));
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(reader->integer("SELECT count(*) FROM t"), 2);
}

TEST_F(SchemaTest, a_commit_is_as_durable_as_was_asked_for) {
  auto database = open();
  for (const auto& [durability, level] :
       {std::pair{Durability::kKill, 1}, std::pair{Durability::kPowerLoss, 2}}) {
    auto transaction = Transaction::begin(database, durability);
    ASSERT_TRUE(transaction);
    EXPECT_EQ(database.integer("PRAGMA synchronous"), level);
  }
}

TEST_F(SchemaTest, each_step_runs_once) {
  const std::array<std::string, 2> steps{"CREATE TABLE a(x)",
                                         "INSERT INTO a VALUES(1); CREATE TABLE b(x)"};
  auto database = open();
  ASSERT_TRUE(migrate(database, std::span{steps}.first(1)));
  EXPECT_EQ(database.integer("PRAGMA user_version"), 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(migrate(database, steps));
    EXPECT_EQ(database.integer("PRAGMA user_version"), 2);
    EXPECT_EQ(database.integer("SELECT count(*) FROM a"), 1);
  }
}

TEST_F(SchemaTest, a_step_that_fails_leaves_the_version_before_it) {
  const std::array<std::string, 2> steps{"CREATE TABLE a(x)",
                                         "INSERT INTO a VALUES(1); INSERT INTO nothing VALUES(1)"};
  auto database = open();
  const auto result = migrate(database, steps);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message().contains("step 2")) << result.error().message();
  EXPECT_EQ(database.integer("PRAGMA user_version"), 1);
  EXPECT_EQ(database.integer("SELECT count(*) FROM a"), 0);
}

TEST_F(SchemaTest, a_newer_database_is_left_alone) {
  auto database = open();
  ASSERT_TRUE(migrate(database));
  ASSERT_TRUE(database.script("PRAGMA user_version=1000"));
  const auto result = migrate(database);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(result.error().message().contains("version 1000")) << result.error().message();
}

TEST_F(SchemaTest, a_database_of_another_program_is_left_alone) {
  auto database = open();
  ASSERT_TRUE(database.script("CREATE TABLE theirs(x)"));
  const auto result = migrate(database);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(database.integer("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SchemaTest, what_is_no_database_is_refused) {
  folder_.write("auth.db", std::string(4096, 'x'));
  const auto database = Database::open(path_);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code(), Code::kDataLoss) << database.error().to_string();
  EXPECT_TRUE(database.error().message().contains(path_));
}

TEST_F(SchemaTest, a_file_that_cannot_be_made_is_named) {
  const auto database = Database::open(folder_.path("missing") + "/auth.db");
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code(), Code::kUnavailable);
  EXPECT_TRUE(database.error().message().contains("missing/auth.db"));
}

TEST_F(SchemaTest, errors_do_not_repeat_values) {
  auto database = open();
  ASSERT_TRUE(database.script("CREATE TABLE t(x TEXT PRIMARY KEY CHECK(x <> 'hunter2'))"));
  using std::string_view_literals::operator""sv;
  ASSERT_TRUE(database.run("INSERT INTO t VALUES(?)", "secret"sv));
  const auto twice = database.run("INSERT INTO t VALUES(?)", "secret"sv);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), Code::kAlreadyExists);
  EXPECT_FALSE(twice.error().message().contains("secret"));
  EXPECT_EQ(database.integer("SELECT x FROM t WHERE x = ?", "none"sv).error().code(),
            Code::kNotFound);
}

TEST_F(SchemaTest, a_transaction_that_is_not_committed_leaves_nothing) {
  auto database = open();
  ASSERT_TRUE(database.script("CREATE TABLE t(x)"));
  {
    auto transaction = Transaction::begin(database, Durability::kPowerLoss);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.run("INSERT INTO t VALUES(1)"));
  }
  EXPECT_EQ(database.integer("SELECT count(*) FROM t"), 0);
  auto transaction = Transaction::begin(database, Durability::kPowerLoss);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database.run("INSERT INTO t VALUES(1)"));
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(open().integer("SELECT count(*) FROM t"), 1) << "another connection sees it";
}

}  // namespace
}  // namespace auth
