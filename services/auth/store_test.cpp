#include "store.hpp"

#include <hal/base/contract.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>

#include <gmock/gmock.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kNow = 1'700'000'000;

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    auto store = Store::open(folder_.path("auth.db"), clock_);
    hal::expects(store.has_value(), "the test can open a store");
    return std::move(*store);
  }
  void add(const std::string& name, Role role = Role::kUser) {
    ASSERT_TRUE(store_->add_user(name, "hash-of-" + name, role));
  }
  std::optional<Grant> grant(const Success& success) {
    auto result = store_->log_in(success);
    hal::expects(result.has_value(), "the database works");
    return *result;
  }
  Success success_of(const std::string& name) {
    const auto login = store_->find_login(name, std::nullopt);
    hal::expects(login.has_value() && login->has_value(), "the test knows the user");
    return {.name = name, .password_version = (*login)->password_version};
  }
  /// When a token is issued for somebody who logs in now.
  std::int64_t issued_at(const std::string& name) { return grant(success_of(name))->issued_at_s; }
  TokenId token_of(const std::string& name, const std::string& id) {
    const std::int64_t at = issued_at(name);
    return {.id = id, .subject = name, .issued_at_s = at, .expires_at_s = at + kTokenLifetimeS};
  }
  /// `count` rows at once, whose SELECT numbers them by i: each change by the store waits for the
  /// disk.
  template <class... Values>
  void put_rows(std::string_view table_and_row, std::int64_t count, const Values&... values) {
    auto database = Database::open(folder_.path("auth.db"));
    ASSERT_TRUE(database) << database.error().message();
    const std::string sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO ";
    ASSERT_TRUE(database->run(sql + std::string{table_and_row} + " FROM n", count, values...));
  }
  void put_revoked(const std::string& name, std::int64_t count, std::int64_t expires_at_s) {
    put_rows("revoked_tokens SELECT 'token' || i, ?, ?, 1", count, std::string_view{name},
             expires_at_s);
  }
  bool is_revoked(const TokenId& token) { return store_->is_revoked(token).value(); }

  std::int64_t now_s_ = kNow;
  const WallClock clock_ = [this] { return WallTime{std::chrono::seconds{now_s_}}; };
  hal::discovery::testing::TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = open();
};

TEST_F(StoreTest, users_are_there_for_other_connections_and_later) {
  add("alice", Role::kAdmin);
  const auto other = open();
  const auto login = other->find_login("alice", std::nullopt);
  ASSERT_TRUE(login && *login);
  EXPECT_EQ((*login)->password_hash, "hash-of-alice");
  EXPECT_FALSE((*login)->client_is_known);
  EXPECT_EQ(*other->find_login("bob", std::nullopt), std::nullopt);
  const auto again = other->add_user("alice", "other", Role::kUser);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
  EXPECT_EQ(again.error().message(), "there is a user alice already");
}

TEST_F(StoreTest, unknown_users_are_not_found) {
  for (const auto& result : {store_->set_password("bob", "hash"),
                             store_->set_role("bob", Role::kAdmin), store_->delete_user("bob")}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), Code::kNotFound);
    EXPECT_EQ(result.error().message(), "there is no user bob");
  }
  EXPECT_THAT(store_->revocations(0)->cutoffs, IsEmpty());
}

TEST_F(StoreTest, users_are_listed_by_name_and_page) {
  for (const auto* name : {"dora", "alice", "carl", "bob", "eve"}) add(name);
  std::vector<std::string> names;
  for (const std::int64_t page : {1, 2, 3, 4}) {
    const auto list = store_->list_users(page, 2);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->total, 5);
    for (const auto& user : list->users) names.push_back(user.name);
  }
  EXPECT_THAT(names, ElementsAre("alice", "bob", "carl", "dora", "eve"));
  EXPECT_THAT(store_->list_users(1, 1)->users,
              ElementsAre(UserInfo{.name = "alice", .role = Role::kUser, .created_at_s = kNow}));
}

TEST_F(StoreTest, a_change_of_a_user_revokes_the_tokens_so_far_and_none_of_later) {
  add("alice");
  const std::vector<std::function<Result<>()>> changes{
      [&] { return store_->set_password("alice", "new"); },
      [&] { return store_->set_role("alice", Role::kAdmin); },
      [&] { return store_->revoke_all("alice"); },
      [&] { return open()->set_role("alice", Role::kUser); },  // another program
      [&] {
        auto deleted = store_->delete_user("alice");
        add("alice");
        return deleted;
      }};
  // All in one second, and then with a clock that was set back a little.
  for (const std::int64_t now_s : {kNow, kNow - kLeewayS / 2}) {
    now_s_ = now_s;
    for (const auto& change : changes) {
      const TokenId before = token_of("alice", "before");
      EXPECT_FALSE(is_revoked(before));
      ASSERT_TRUE(change());
      EXPECT_TRUE(is_revoked(before));
      EXPECT_FALSE(is_revoked(token_of("alice", "after")));
    }
  }
}

TEST_F(StoreTest, no_token_is_issued_that_would_not_be_valid_yet) {
  add("alice");
  const TokenId before = token_of("alice", "before");
  now_s_ -= 3'600;
  ASSERT_TRUE(store_->revoke_all("alice"));
  EXPECT_TRUE(is_revoked(before)) << "although the clock says that it is of later";
  const auto refused = store_->log_in(success_of("alice"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().to_string(),
      "UNAVAILABLE: the clock is 3601 s behind the last change of this user: its tokens would "
      "not be valid yet");
  now_s_ = kNow + 1 - kLeewayS;
  EXPECT_FALSE(is_revoked(token_of("alice", "after")));
}

TEST_F(StoreTest, a_change_without_a_token_does_not_move_the_time_of_the_next_one) {
  add("alice");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(store_->revoke_all("alice"));
  EXPECT_EQ(issued_at("alice"), kNow + 1);
  ASSERT_TRUE(store_->set_role("alice", Role::kUser));
  EXPECT_EQ(issued_at("alice"), kNow + 1) << "it had that role";
}

TEST_F(StoreTest, a_password_that_changed_meanwhile_grants_nothing) {
  add("alice");
  const Success success = success_of("alice");
  EXPECT_TRUE(grant(success));
  ASSERT_TRUE(store_->set_password("alice", "hash-of-alice"));
  EXPECT_FALSE(grant(success)) << "even if it is the same one";
  const Success other = success_of("alice");
  EXPECT_TRUE(grant(other));
  ASSERT_TRUE(store_->delete_user("alice"));
  EXPECT_FALSE(grant(
      {.name = "alice", .password_version = other.password_version, .seen_client = AttemptKey{1}}));
  add("alice");
  EXPECT_FALSE(grant(other));
}

TEST_F(StoreTest, a_new_hash_replaces_that_of_the_same_password_and_no_other) {
  add("alice");
  Success success = success_of("alice");
  // Two at once: both are right.
  for (const auto* hash : {"hashed-anew", "hashed-anew-too"}) {
    success.new_hash = hash;
    const auto granted = grant(success);
    ASSERT_TRUE(granted);
    EXPECT_EQ(granted->issued_at_s, kNow) << "nothing is revoked: the password is the same";
    EXPECT_EQ((*store_->find_login("alice", std::nullopt))->password_hash, hash);
  }
  ASSERT_TRUE(store_->set_password("alice", "new"));
  EXPECT_FALSE(grant(success));
  EXPECT_EQ((*store_->find_login("alice", std::nullopt))->password_hash, "new");
}

TEST_F(StoreTest, remembers_the_latest_clients_of_a_user) {
  add("alice");
  add("bob");
  for (char client = 1; client <= 10; ++client) {
    Success success = success_of("alice");
    success.seen_client = AttemptKey{client};
    now_s_ = kNow + client;
    ASSERT_TRUE(store_->log_in(success));
  }
  const auto knows = [this](const std::string& name, char client) {
    return (*store_->find_login(name, AttemptKey{client}))->client_is_known;
  };
  EXPECT_FALSE(knows("alice", 1));
  EXPECT_FALSE(knows("alice", 2));
  EXPECT_TRUE(knows("alice", 3));
  EXPECT_TRUE(knows("alice", 10));
  EXPECT_FALSE(knows("bob", 10));
  EXPECT_EQ((*store_->find_login("alice", AttemptKey{10}))->client_seen_at_s, kNow + 10);
  ASSERT_TRUE(store_->delete_user("alice"));
  add("alice");
  EXPECT_FALSE(knows("alice", 10));
}

TEST_F(StoreTest, attempts_are_kept_until_they_are_free) {
  constexpr std::int64_t kNowMs = kNow * 1'000;
  for (const auto& [key, free_in_ms] : {std::pair{"a", 10'000}, std::pair{"b", 30'000},
                                        std::pair{"a", 20'000}, std::pair{"a", 15'000}}) {
    ASSERT_TRUE(store_->save_attempts({{.key = key, .free_at_ms = kNowMs + free_in_ms}}));
  }
  const auto times = [this](std::int64_t max) {
    std::vector<std::pair<std::string, std::int64_t>> result;
    const auto attempts = store_->attempts(max);
    for (const auto& each : *attempts) result.emplace_back(each.key, each.free_at_ms - kNowMs);
    return result;
  };
  EXPECT_THAT(times(10), ElementsAre(std::pair{"b", 30'000}, std::pair{"a", 20'000}));
  EXPECT_THAT(times(1), ElementsAre(std::pair{"b", 30'000}));
  now_s_ = kNow + 20;
  EXPECT_THAT(times(10), ElementsAre(std::pair{"b", 30'000}));
  now_s_ = kNow + 50;
  ASSERT_TRUE(store_->save_attempts(
      {{.key = "c", .free_at_ms = kNowMs + 99'000}, {.key = "d", .free_at_ms = kNowMs + 98'000}}));
  now_s_ = 0;
  EXPECT_THAT(times(10), ElementsAre(std::pair{"c", 99'000}, std::pair{"d", 98'000}))
      << "the others are purged";
  EXPECT_THAT(*store_->attempts_secret(), SizeIs(32));
  EXPECT_EQ(*store_->attempts_secret(), *open()->attempts_secret());
}

TEST_F(StoreTest, revocations_are_told_from_a_cursor_on) {
  for (const auto* name : {"alice", "bob"}) add(name);
  const auto before = store_->revocations(0);
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->is_complete);
  EXPECT_NE(before->cursor, 0);

  const TokenId first = token_of("alice", "t1");
  const TokenId second = token_of("alice", "t2");
  ASSERT_TRUE(store_->revoke_token(first));
  ASSERT_TRUE(store_->revoke_all("bob"));
  const auto some = store_->revocations(before->cursor);
  ASSERT_TRUE(some);
  EXPECT_FALSE(some->is_complete);
  EXPECT_THAT(some->tokens, ElementsAre(RevokedToken{.id = "t1", .expires_at_s = kNow + 600}));
  EXPECT_THAT(some->cutoffs, ElementsAre(Cutoff{.subject = "bob", .not_before_s = kNow + 1}));

  const auto none = store_->revocations(some->cursor);
  EXPECT_EQ(none->cursor, some->cursor);
  EXPECT_THAT(none->tokens, IsEmpty());
  EXPECT_THAT(none->cutoffs, IsEmpty());

  ASSERT_TRUE(open()->revoke_token(second)) << "another program";
  ASSERT_TRUE(store_->revoke_token(second)) << "a second time";
  const auto more = store_->revocations(some->cursor);
  EXPECT_THAT(more->tokens, ElementsAre(RevokedToken{.id = "t2", .expires_at_s = kNow + 600}));
  EXPECT_THAT(more->cutoffs, IsEmpty());
  EXPECT_TRUE(is_revoked(second));
  EXPECT_FALSE(is_revoked(token_of("alice", "t3")));
}

TEST_F(StoreTest, a_cursor_of_another_database_gets_everything) {
  add("alice");
  ASSERT_TRUE(store_->revoke_token(token_of("alice", "t1")));
  const std::int64_t cursor = store_->revocations(0)->cursor;
  ASSERT_TRUE(store_->renew_cursors());
  const std::int64_t later = store_->revocations(0)->cursor;
  EXPECT_NE(cursor, later);
  EXPECT_GT(later, 0);
  for (const std::int64_t strange :
       {cursor, later + 1, std::int64_t{-1}, std::int64_t{1},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    const auto list = store_->revocations(strange);
    EXPECT_TRUE(list->is_complete) << strange;
    EXPECT_THAT(list->tokens, SizeIs(1)) << strange;
  }
  EXPECT_FALSE(store_->revocations(later)->is_complete);
}

TEST_F(StoreTest, what_nobody_accepts_any_more_is_purged_an_hour_later) {
  for (const auto* name : {"alice", "bob", "carl"}) add(name);
  ASSERT_TRUE(store_->revoke_token(token_of("alice", "t1")));
  ASSERT_TRUE(store_->revoke_all("bob"));
  const auto write_at = [this](std::int64_t now_s, const std::string& id) {
    now_s_ = now_s;
    ASSERT_TRUE(store_->revoke_token(token_of("carl", id)));
  };
  constexpr std::int64_t kEnd = kNow + kTokenLifetimeS + 2 * kLeewayS + kKeepRevokedS;
  write_at(kEnd, "t2");
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(2)) << "a clock that is ahead forgets nothing";
  EXPECT_THAT(store_->revocations(0)->cutoffs, SizeIs(1));
  write_at(kEnd + 2, "t3");
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(2));
  EXPECT_THAT(store_->revocations(0)->cutoffs, IsEmpty());
}

TEST_F(StoreTest, a_token_that_nobody_accepts_changes_nothing) {
  add("alice");
  std::vector<TokenId> dead;
  for (int i = 0; i < 100; ++i) dead.push_back(token_of("alice", "t" + std::to_string(i)));
  ASSERT_TRUE(store_->revoke_all("alice"));
  const auto before = store_->revocations(0);
  for (const auto& token : dead) ASSERT_TRUE(store_->revoke_token(token)) << "they are cut off";
  EXPECT_EQ(store_->revocations(0)->cursor, before->cursor);
  const TokenId expired = token_of("alice", "expired");
  EXPECT_EQ(expired.issued_at_s, kNow + 1);
  now_s_ = expired.expires_at_s + 2 * kLeewayS + 1;
  ASSERT_TRUE(store_->revoke_token(expired));
  EXPECT_EQ(store_->revocations(0)->cursor, before->cursor);
  now_s_ -= 1;
  ASSERT_TRUE(store_->revoke_token(expired)) << "with all leeway it may be accepted";
  EXPECT_NE(store_->revocations(0)->cursor, before->cursor);
}

TEST_F(StoreTest, tokens_that_have_expired_do_not_count) {
  add("alice");
  put_revoked("alice", kRevokedTokensOfUserMax, kNow - 2 * kLeewayS - 1);
  for (const auto* id : {"t1", "t2"}) ASSERT_TRUE(store_->revoke_token(token_of("alice", id)));
  EXPECT_THAT(store_->revocations(0)->cutoffs, IsEmpty());
}

TEST_F(StoreTest, too_many_revoked_tokens_of_one_user_become_a_cutoff) {
  for (const auto* name : {"alice", "bob"}) add(name);
  const TokenId first = token_of("alice", "first");
  const TokenId last = token_of("alice", "last");
  put_revoked("alice", kRevokedTokensOfUserMax - 1, first.expires_at_s);
  ASSERT_TRUE(store_->revoke_token(first));
  ASSERT_TRUE(store_->revoke_token(token_of("bob", "bobs")));
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(kRevokedTokensOfUserMax + 1));
  EXPECT_THAT(store_->revocations(0)->cutoffs, IsEmpty());
  ASSERT_TRUE(store_->revoke_token(last));
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(1));
  EXPECT_TRUE(is_revoked(last));
  EXPECT_TRUE(is_revoked(first));
  EXPECT_FALSE(is_revoked(token_of("alice", "new")));
}

TEST_F(StoreTest, too_many_cutoffs_become_one_of_everyone) {
  for (const auto* name : {"alice", "bob", "carol"}) add(name);
  const TokenId bobs = token_of("bob", "bobs");
  put_rows("cutoffs SELECT 'user' || i, ?, 0", kCutoffsMax - 1, kNow + 30);
  const auto before = store_->revocations(0);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store_->revoke_all("alice")) << "one of them already";
  EXPECT_FALSE(is_revoked(bobs));
  ASSERT_TRUE(store_->revoke_all("carol"));
  EXPECT_TRUE(is_revoked(bobs));
  const auto cutoffs = store_->revocations(before->cursor)->cutoffs;
  EXPECT_THAT(cutoffs, ElementsAre(Cutoff{.subject{}, .not_before_s = kNow + 31}))
      << "later than all there was";
  const TokenId next = token_of("bob", "next");
  EXPECT_EQ(next.issued_at_s, kNow + 31);
  EXPECT_FALSE(is_revoked(next));
}

TEST_F(StoreTest, too_many_revoked_tokens_in_all_become_cutoffs) {
  add("alice");
  put_rows("revoked_tokens SELECT 'other' || i, 'user' || i, ?, i", kRevokedTokensMax, kNow + 600);
  const TokenId token = token_of("alice", "t1");
  ASSERT_TRUE(store_->revoke_token(token));
  const auto list = store_->revocations(0);
  EXPECT_THAT(list->tokens, SizeIs(kRevokedTokensMax));
  EXPECT_THAT(list->cutoffs, ElementsAre(Cutoff{.subject = "alice", .not_before_s = kNow + 1}));
  EXPECT_TRUE(is_revoked(token));
}

TEST_F(StoreTest, reading_waits_for_no_writer) {
  add("alice");
  auto writer = Database::open(folder_.path("auth.db"));
  ASSERT_TRUE(writer);
  auto transaction = Transaction::begin(*writer, Durability::kPowerLoss);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(writer->run("DELETE FROM users"));
  EXPECT_TRUE(store_->find_login("alice", std::nullopt)->has_value());
  EXPECT_TRUE(store_->revocations(0));
  EXPECT_EQ(store_->list_users(1, 10)->total, 1);
  EXPECT_FALSE(is_revoked({.id = "t", .subject = "alice"}));
}

TEST_F(StoreTest, writers_of_several_connections_wait_for_each_other) {
  constexpr int kEach = 3;  // less than a writer's patience, on a disk that is slow
  const auto add_some = [this](const std::string& prefix) {
    const auto store = open();
    for (int i = 0; i < kEach; ++i) {
      const auto added = store->add_user(prefix + std::to_string(i), "hash", Role::kUser);
      EXPECT_TRUE(added) << added.error().to_string();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (const auto* prefix : {"a", "b", "c"}) threads.emplace_back(add_some, prefix);
  }
  EXPECT_EQ(store_->list_users(1, 1)->total, 3 * kEach);
}

}  // namespace
}  // namespace auth
