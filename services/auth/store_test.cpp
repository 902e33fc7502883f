#include "store.hpp"

#include <hal/base/contract.hpp>
#include <hal/discovery/testing/temporary_folder.hpp>

#include <gmock/gmock.h>

namespace auth {
namespace {

using hal::Code;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kNow = 1'700'000'000;

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    auto store = Store::open(folder_.path("auth.db"));
    hal::expects(store.has_value(), "the test can open a store");
    return std::move(*store);
  }
  void add(const std::string& name, Role role = Role::kUser) {
    ASSERT_TRUE(store_->add_user(name, "hash-of-" + name, role, kNow));
  }
  std::optional<Grant> grant(const Success& success) {
    auto result = store_->log_in(success, kNow);
    hal::expects(result.has_value(), "the database works");
    return *result;
  }
  Success success_of(const std::string& name) {
    const auto login = store_->find_login(name, std::nullopt);
    hal::expects(login.has_value() && login->has_value(), "the test knows the user");
    return {.name = name, .password_version = (*login)->password_version};
  }
  /// When the earliest token may be issued that is not revoked.
  std::int64_t not_before(const std::string& name) { return grant(success_of(name))->not_before_s; }

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
  const auto again = other->add_user("alice", "other", Role::kUser, kNow);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
  EXPECT_EQ(again.error().message(), "there is a user alice already");
}

TEST_F(StoreTest, unknown_users_are_not_found) {
  for (const auto& result :
       {store_->set_password("bob", "hash", kNow), store_->set_role("bob", Role::kAdmin, kNow),
        store_->delete_user("bob", kNow)}) {
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

TEST_F(StoreTest, a_change_of_a_user_revokes_the_tokens_so_far) {
  add("alice");
  EXPECT_EQ(not_before("alice"), 0);
  ASSERT_TRUE(store_->set_password("alice", "new", kNow));
  EXPECT_EQ(not_before("alice"), kNow + 1) << "later than a token of the same second";
  // Tokens issued since then are of kNow + 1.
  ASSERT_TRUE(store_->set_role("alice", Role::kAdmin, kNow));
  EXPECT_EQ(not_before("alice"), kNow + 2);
  ASSERT_TRUE(store_->set_role("alice", Role::kAdmin, kNow));
  EXPECT_EQ(not_before("alice"), kNow + 2) << "nothing has changed";
  ASSERT_TRUE(store_->revoke_all("alice", kNow + 10));
  EXPECT_EQ(not_before("alice"), kNow + 11);
  ASSERT_TRUE(store_->revoke_all("alice", kNow - 3'600));
  EXPECT_EQ(not_before("alice"), kNow + 12) << "the clock was set back";
}

TEST_F(StoreTest, a_user_of_the_same_name_does_not_inherit_tokens) {
  add("alice");
  ASSERT_TRUE(store_->delete_user("alice", kNow));
  EXPECT_EQ(*store_->find_login("alice", std::nullopt), std::nullopt);
  add("alice");
  EXPECT_EQ(not_before("alice"), kNow + 1);
  EXPECT_EQ(store_->is_revoked("any", "alice", kNow), true);
  EXPECT_EQ(store_->is_revoked("any", "alice", kNow + 1), false);
}

TEST_F(StoreTest, a_password_that_changed_meanwhile_grants_nothing) {
  add("alice");
  const Success success = success_of("alice");
  EXPECT_TRUE(grant(success));
  ASSERT_TRUE(store_->set_password("alice", "hash-of-alice", kNow));
  EXPECT_FALSE(grant(success)) << "even if it is the same one";
  const Success other = success_of("alice");
  EXPECT_TRUE(grant(other));
  ASSERT_TRUE(store_->delete_user("alice", kNow));
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
    EXPECT_EQ(granted->not_before_s, 0) << "the password is still the same";
    EXPECT_EQ((*store_->find_login("alice", std::nullopt))->password_hash, hash);
  }
  ASSERT_TRUE(store_->set_password("alice", "new", kNow));
  EXPECT_FALSE(grant(success));
  EXPECT_EQ((*store_->find_login("alice", std::nullopt))->password_hash, "new");
}

TEST_F(StoreTest, remembers_the_latest_clients_of_a_user) {
  add("alice");
  add("bob");
  for (char client = 1; client <= 10; ++client) {
    Success success = success_of("alice");
    success.seen_client = AttemptKey{client};
    ASSERT_TRUE(store_->log_in(success, kNow + client));
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
  ASSERT_TRUE(store_->delete_user("alice", kNow));
  add("alice");
  EXPECT_FALSE(knows("alice", 10));
}

TEST_F(StoreTest, attempts_are_kept_until_they_are_free) {
  constexpr std::int64_t kNowMs = kNow * 1'000;
  ASSERT_TRUE(store_->save_attempt({.key = {1}, .free_at_ms = kNowMs + 10}, kNowMs));
  ASSERT_TRUE(store_->save_attempt({.key = {2}, .free_at_ms = kNowMs + 30}, kNowMs));
  ASSERT_TRUE(store_->save_attempt({.key = {1}, .free_at_ms = kNowMs + 20}, kNowMs));
  ASSERT_TRUE(store_->save_attempt({.key = {1}, .free_at_ms = kNowMs + 15}, kNowMs));
  const auto times = [this](std::int64_t now_ms, std::int64_t max) {
    std::vector<std::pair<int, std::int64_t>> result;
    const auto attempts = store_->attempts(now_ms, max);
    for (const auto& each : *attempts) result.emplace_back(each.key[0], each.free_at_ms - kNowMs);
    return result;
  };
  EXPECT_THAT(times(kNowMs, 10), ElementsAre(std::pair{2, 30}, std::pair{1, 20}));
  EXPECT_THAT(times(kNowMs, 1), ElementsAre(std::pair{2, 30}));
  EXPECT_THAT(times(kNowMs + 20, 10), ElementsAre(std::pair{2, 30}));
  ASSERT_TRUE(store_->save_attempt({.key = {3}, .free_at_ms = kNowMs + 99}, kNowMs + 50));
  EXPECT_THAT(times(0, 10), ElementsAre(std::pair{3, 99})) << "the others are purged";
  EXPECT_THAT(*store_->attempts_secret(), SizeIs(32));
  EXPECT_EQ(*store_->attempts_secret(), *open()->attempts_secret());
}

TEST_F(StoreTest, revocations_are_told_from_a_cursor_on) {
  const auto empty = store_->revocations(0);
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->is_complete);
  EXPECT_NE(empty->cursor, 0);

  ASSERT_TRUE(store_->revoke_token("t1", "alice", kNow + 600, kNow));
  ASSERT_TRUE(store_->revoke_all("bob", kNow));
  const auto first = store_->revocations(empty->cursor);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->is_complete);
  EXPECT_THAT(first->tokens, ElementsAre(RevokedToken{.id = "t1", .expires_at_s = kNow + 600}));
  EXPECT_THAT(first->cutoffs, ElementsAre(Cutoff{.subject = "bob", .not_before_s = kNow + 1}));

  const auto same = store_->revocations(first->cursor);
  EXPECT_EQ(same->cursor, first->cursor);
  EXPECT_THAT(same->tokens, IsEmpty());
  EXPECT_THAT(same->cutoffs, IsEmpty());

  ASSERT_TRUE(open()->revoke_token("t2", "alice", kNow + 600, kNow)) << "another program";
  ASSERT_TRUE(store_->revoke_token("t2", "alice", kNow + 600, kNow)) << "a second time";
  const auto second = store_->revocations(first->cursor);
  EXPECT_THAT(second->tokens, ElementsAre(RevokedToken{.id = "t2", .expires_at_s = kNow + 600}));
  EXPECT_THAT(second->cutoffs, IsEmpty());
  EXPECT_EQ(store_->is_revoked("t2", "alice", kNow), true);
  EXPECT_EQ(store_->is_revoked("t3", "alice", kNow), false);
}

TEST_F(StoreTest, a_cursor_of_another_database_gets_everything) {
  ASSERT_TRUE(store_->revoke_token("t1", "alice", kNow + 600, kNow));
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

TEST_F(StoreTest, what_nobody_accepts_any_more_is_purged) {
  ASSERT_TRUE(store_->revoke_token("expired", "alice", kNow - 61, kNow));
  EXPECT_THAT(store_->revocations(0)->tokens, IsEmpty());
  ASSERT_TRUE(store_->revoke_token("t1", "alice", kNow + 600, kNow));
  ASSERT_TRUE(store_->revoke_all("bob", kNow));
  // At the end of the token's life and all leeway.
  ASSERT_TRUE(store_->revoke_token("t2", "carl", kNow + 1'200, kNow + 720));
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(2));
  EXPECT_THAT(store_->revocations(0)->cutoffs, SizeIs(1));
  ASSERT_TRUE(store_->revoke_token("t3", "carl", kNow + 1'200, kNow + 722));
  EXPECT_THAT(store_->revocations(0)->tokens,
              ElementsAre(RevokedToken{.id = "t2", .expires_at_s = kNow + 1'200},
                          RevokedToken{.id = "t3", .expires_at_s = kNow + 1'200}));
  EXPECT_THAT(store_->revocations(0)->cutoffs, IsEmpty());
}

TEST_F(StoreTest, too_many_revoked_tokens_of_one_user_become_a_cutoff) {
  for (int i = 0; i < kRevokedTokensMax; ++i) {
    ASSERT_TRUE(store_->revoke_token("t" + std::to_string(i), "alice", kNow + 600, kNow));
  }
  ASSERT_TRUE(store_->revoke_token("bobs", "bob", kNow + 600, kNow));
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(kRevokedTokensMax + 1));
  EXPECT_THAT(store_->revocations(0)->cutoffs, IsEmpty());
  ASSERT_TRUE(store_->revoke_token("one more", "alice", kNow + 600, kNow));
  EXPECT_THAT(store_->revocations(0)->tokens, SizeIs(1));
  for (const auto* id : {"t0", "t31", "one more"}) {
    EXPECT_EQ(store_->is_revoked(id, "alice", kNow), true) << id;
  }
}

TEST_F(StoreTest, writers_of_several_connections_wait_for_each_other) {
  constexpr int kEach = 20;
  const auto add_some = [this](const std::string& prefix) {
    const auto store = open();
    for (int i = 0; i < kEach; ++i) {
      const auto added = store->add_user(prefix + std::to_string(i), "hash", Role::kUser, kNow);
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
