// The RPCs through a real client and server in memory, at a time that the tests set.
#include "service.hpp"

#include <hal/discovery/testing/temporary_folder.hpp>
#include <hal/net/io_loop.hpp>
#include <hal/rpc/server.hpp>
#include <hal/service/layers/authenticate/authenticate.hpp>
#include <hal/service/testing/test_host.hpp>
#include <hal/telemetry/testing/captured_logs.hpp>

#include <gmock/gmock.h>

#include <atomic>

namespace auth {
namespace {

using hal::Code;
using hal::Result;
using hal::Task;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr PasswordCost kCheap{.memory_bytes = 8 * 1024, .passes = 1};
const std::string kPassword = "correct horse";

template <class Opened>
Opened opened(Result<Opened> result) {
  hal::expects(result.has_value(), "the test can open its files");
  return std::move(*result);
}

Task<> serve_service(hal::service::Host* host, hal::rpc::Service* service,
                     hal::service::LayerPtr layer) {
  (void)co_await hal::rpc::Server{*host}.layer(layer).add(*service).run();
}

/// What an RPC came to, and the metadata behind it.
template <class Reply>
struct Answer {
  Result<Reply> result = hal::error(Code::kUnknown, "not called");
  hal::Headers trailing{};
};

template <class Reply, class Request>
using Rpc = Task<Result<Reply>> (AuthClient::*)(Request, hal::rpc::CallOptions) const;

template <class Reply, class Request>
Task<Result<>> call(const AuthClient* client, Rpc<Reply, Request> rpc, Request request,
                    std::string token, Answer<Reply>* answer) {
  hal::rpc::CallOptions options{.trailing_metadata = &answer->trailing};
  if (!token.empty()) {
    co_await or_return(
        hal::rpc::add_metadata("authorization", "Bearer " + token, options.metadata));
  }
  answer->result = co_await (client->*rpc)(std::move(request), std::move(options));
  co_return Result<>{};
}

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    loop_.set_offload_pool(&pool_);
    host_.listen_on.port = 40'000;
    host_.registry().put("auth", "127.0.0.1:40000");
    host_.background().spawn(serve_service, static_cast<hal::service::Host*>(&host_),
                             static_cast<hal::rpc::Service*>(&service_), layer_);
    (void)host_.run([](auto* host) { return host->wait_listening(); }, &host_);
    add("alice");
    add("root", Role::kAdmin);
  }
  // The server ends before what it uses.
  ~ServiceTest() override { host_.shut_down(); }

  void add(const std::string& name, Role role = Role::kUser, PasswordCost cost = kCheap) {
    hal::expects(store_->add_user(name, *hash_password(kPassword, cost), role).has_value(),
                 "the test can add a user");
  }
  void advance(seconds time) { now_ms_ += time.count() * 1'000; }

  template <class Reply, class Request>
  Answer<Reply> ask(Rpc<Reply, Request> rpc, const Request& request, std::string token = {}) {
    Answer<Reply> answer;
    (void)host_.run(call<Reply, Request>, static_cast<const AuthClient*>(&client_), rpc, request,
                    std::move(token), &answer);
    return answer;
  }
  Answer<VerifyReply> log_in(const std::string& name, const std::string& password = kPassword,
                             const std::string& address = {}) {
    VerifyRequest request;
    request.set_username(name);
    request.set_password(password);
    request.set_client_address(address);
    return ask(&AuthClient::verify, request);
  }
  std::string token_of(const std::string& name) {
    const auto answer = log_in(name);
    EXPECT_TRUE(answer.result) << answer.result.error().to_string();
    return answer.result ? answer.result->token() : "";
  }
  Code revoke(const std::string& token, bool all_of_user = false) {
    RevokeRequest request;
    request.set_token(token);
    request.set_all_of_user(all_of_user);
    const auto answer = ask(&AuthClient::revoke, request);
    return answer.result ? Code::kOk : answer.result.error().code();
  }
  /// What an administrator's RPC says of the token.
  hal::Status admits(const std::string& token) {
    ListUsersRequest request;
    request.set_page(1);
    request.set_page_size(10);
    const auto answer = ask(&AuthClient::list_users, request, token);
    return answer.result ? hal::Status{} : answer.result.error();
  }
  template <class Reply, class Request>
  Code as_root(Rpc<Reply, Request> rpc, const Request& request) {
    const auto answer = ask(rpc, request, token_of("root"));
    return answer.result ? Code::kOk : answer.result.error().code();
  }

  std::atomic<std::int64_t> now_ms_ = kNow * 1'000;
  const WallClock clock_ = [this] { return WallTime{std::chrono::milliseconds{now_ms_}}; };
  hal::discovery::testing::TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = opened(Store::open(folder_.path("auth.db"), clock_));
  std::unique_ptr<KeyRing> keys_ = opened(KeyRing::open(folder_.path("auth.key"), clock_()));
  hal::ThreadPool pool_;
  hal::net::IoLoop loop_;
  hal::service::testing::TestHost host_{loop_};
  WorkQueue hashes_{host_.worker(), {.at_once = 2}};
  WorkQueue writes_{host_.worker(), {.when_full = "too many writes"}};
  hal::service::AttemptLimit attempts_{{.burst = 3, .interval = seconds{10}}};
  hal::service::AttemptLimit clients_{{.burst = 2, .interval = seconds{60}}};
  Tokens tokens_{*keys_, {.issuer = "hal9000-auth", .audience = "hal9000"}};
  StoreVerifier verifier_{tokens_, *store_, clock_};
  Auth service_{{.store = *store_,
                 .hashes = hashes_,
                 .writes = writes_,
                 .attempts = attempts_,
                 .clients = clients_,
                 .tokens = tokens_,
                 .verifier = verifier_,
                 .clock = clock_,
                 .secret = std::string(32, 's'),
                 .dummy_hash = *hash_password("nobody knows this", kCheap),
                 .cost = kCheap}};
  const hal::service::LayerPtr layer_ = std::make_shared<const hal::layers::Authenticate>(
      verifier_,
      hal::layers::AuthenticateOptions{.roles = {"admin"}, .open_methods = open_methods()});
  // On the real clock: longer than anything holds this process up.
  const AuthClient client_{hal::rpc::Channel{
      host_,
      "auth",
      {.default_timeout = std::chrono::minutes{2}, .connect_timeout = std::chrono::minutes{1}}}};
};

TEST_F(ServiceTest, the_right_password_gets_a_token_of_ten_minutes) {
  const auto answer = log_in("Alice");
  ASSERT_TRUE(answer.result) << answer.result.error().to_string();
  EXPECT_EQ(answer.result->expires_in_s(), 600);
  const auto claims = tokens_.read(answer.result->token(), clock_());
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->iss, "hal9000-auth");
  EXPECT_EQ(claims->aud, "hal9000");
  EXPECT_EQ(claims->sub, "alice");
  EXPECT_EQ(claims->role, "user");
  EXPECT_EQ(claims->iat, kNow);
  EXPECT_EQ(claims->nbf, kNow);
  EXPECT_EQ(claims->exp, kNow + 600);
  EXPECT_EQ(claims->jti.size(), 22U);
  EXPECT_NE(tokens_.read(token_of("alice"), clock_())->jti, claims->jti);
}

TEST_F(ServiceTest, unknown_user_and_wrong_password_are_told_the_same) {
  const auto wrong = log_in("alice", "wrong password");
  const auto unknown = log_in("mallory", kPassword);
  ASSERT_FALSE(wrong.result);
  ASSERT_FALSE(unknown.result);
  EXPECT_EQ(wrong.result.error(), unknown.result.error());
  EXPECT_EQ(wrong.result.error().to_string(), "UNAUTHENTICATED: wrong username or password");
  EXPECT_EQ(hashes_.counts()->done, 2U) << "both cost a hash";
}

TEST_F(ServiceTest, both_are_slowed_down_alike_and_nobody_is_locked_out) {
  for (const auto* name : {"alice", "mallory"}) {
    SCOPED_TRACE(name);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(log_in(name, "wrong password").result.error().code(), Code::kUnauthenticated);
    }
    for (const auto* password : {"wrong password", "correct horse"}) {
      const auto slowed = log_in(name, password);
      ASSERT_FALSE(slowed.result) << "not even the right one is checked";
      EXPECT_EQ(slowed.result.error().to_string(),
                "RESOURCE_EXHAUSTED: too many attempts to log in: the next one in 10 s");
      EXPECT_EQ(slowed.trailing.get("retry-after"), "10");
    }
  }
  for (int i = 0; i < 50; ++i) (void)log_in("alice", "wrong password");
  advance(seconds{10});
  EXPECT_TRUE(log_in("alice").result) << "after an interval, however many were refused";
}

TEST_F(ServiceTest, a_users_own_client_has_attempts_of_its_own) {
  ASSERT_TRUE(log_in("alice", kPassword, "192.0.2.1").result);
  for (const auto* stranger : {"198.51.100.7", "198.51.100.8"}) {
    for (int i = 0; i < 20; ++i) (void)log_in("alice", "wrong password", stranger);
    EXPECT_EQ(log_in("alice", kPassword, stranger).result.error().code(), Code::kResourceExhausted);
  }
  EXPECT_EQ(log_in("alice").result.error().code(), Code::kResourceExhausted);
  EXPECT_TRUE(log_in("alice", kPassword, "192.0.2.1").result);
  // They are limited, too.
  for (int i = 0; i < 3; ++i) (void)log_in("alice", "wrong password", "192.0.2.1");
  EXPECT_EQ(log_in("alice", kPassword, "192.0.2.1").result.error().code(),
            Code::kResourceExhausted);
}

TEST_F(ServiceTest, one_client_cannot_take_all_attempts_of_a_name) {
  // Each millisecond for ten minutes, but for the many that change nothing, as far as it may.
  const auto attack = [this] {
    const auto answer = log_in("alice", "wrong password", "198.51.100.7");
    EXPECT_FALSE(answer.result);
    return answer.result.error().code();
  };
  int checked = 0;
  for (int i = 0; i < 600; ++i) {
    for (int k = 0; k < 3; ++k) checked += attack() == Code::kUnauthenticated ? 1 : 0;
    if (i == 300) EXPECT_TRUE(log_in("alice", kPassword, "192.0.2.1").result);
    if (i == 301) EXPECT_TRUE(log_in("alice").result) << "from an edge that tells no addresses";
    advance(seconds{1});
  }
  EXPECT_EQ(checked, 2 + 9) << "two, then one a minute";
  const auto slowed = log_in("mallory", "wrong password", "198.51.100.7");
  EXPECT_EQ(slowed.result.error().code(), Code::kUnauthenticated) << "other names are apart";
}

TEST_F(ServiceTest, one_subscriber_with_many_networks_cannot_either) {
  int checked = 0;
  for (int i = 0; i < 600; ++i) {
    const auto answer = log_in("alice", "wrong password", fmt::format("2001:db8:7:{:x}::/64", i));
    ASSERT_FALSE(answer.result);
    checked += answer.result.error().code() == Code::kUnauthenticated ? 1 : 0;
    if (i == 300) EXPECT_TRUE(log_in("alice", kPassword, "192.0.2.1").result);
    advance(seconds{1});
  }
  EXPECT_EQ(checked, 2 + 9) << "two, then one a minute";
}

TEST_F(ServiceTest, a_client_that_the_user_has_used_shows_nothing_of_it) {
  ASSERT_TRUE(log_in("alice", kPassword, "192.0.2.1").result);
  std::vector<Code> of_alice;
  std::vector<Code> of_nobody;
  for (int i = 0; i < 6; ++i) {
    of_alice.push_back(log_in("alice", "wrong password", "192.0.2.1").result.error().code());
    of_nobody.push_back(log_in("nobody", "wrong password", "192.0.2.1").result.error().code());
    advance(seconds{5});
  }
  EXPECT_EQ(of_alice, of_nobody);
}

TEST_F(ServiceTest, a_stranger_is_told_when_to_come_again_and_gets_in_then) {
  for (int i = 0; i < 2; ++i) (void)log_in("alice", "wrong password", "192.0.2.1");
  const auto slowed = log_in("alice", kPassword, "192.0.2.1");
  ASSERT_FALSE(slowed.result);
  EXPECT_EQ(slowed.trailing.get("retry-after"), "60");
  advance(seconds{60});
  EXPECT_TRUE(log_in("alice", kPassword, "192.0.2.1").result);
}

TEST_F(ServiceTest, success_costs_no_attempt_and_failures_are_saved) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(log_in("alice").result) << i;
  EXPECT_THAT(*store_->attempts(10), IsEmpty());
  (void)log_in("alice", "wrong password");
  (void)log_in("alice", "wrong password");
  const auto saved = store_->attempts(10);
  ASSERT_THAT(*saved, SizeIs(1));
  EXPECT_EQ(saved->front().free_at_ms, now_ms_ + 20'000);
  EXPECT_EQ(saved->front().key, attempt_key(std::string(32, 's'), "alice"));
}

TEST_F(ServiceTest, what_is_not_allowed_is_named_and_costs_no_attempt) {
  struct Case {
    std::string name;
    std::string password;
    std::string_view rule;
  };
  for (const auto& [name, password, rule] :
       {Case{"", kPassword, "username: allowed are 1 to 64"}, Case{"al ice", kPassword, "username"},
        Case{std::string(65, 'a'), kPassword, "username"},
        Case{"alice", "short", "password: allowed are 8 to 1024 bytes"},
        Case{"alice", std::string(1025, 'x'), "password"}}) {
    const auto answer = log_in(name, password);
    ASSERT_FALSE(answer.result);
    EXPECT_EQ(answer.result.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(answer.result.error().message(), HasSubstr(rule));
  }
  EXPECT_EQ(attempts_.size(), 0U);
}

TEST_F(ServiceTest, other_parameters_are_replaced_at_login) {
  add("old", Role::kUser, {.memory_bytes = 16 * 1024, .passes = 1});
  const auto before = (*store_->find_login("old", std::nullopt))->password_hash;
  EXPECT_FALSE(log_in("old", "wrong password").result);
  EXPECT_EQ((*store_->find_login("old", std::nullopt))->password_hash, before);
  EXPECT_TRUE(log_in("old").result);
  const auto after = (*store_->find_login("old", std::nullopt))->password_hash;
  EXPECT_THAT(after, HasSubstr("m=8,t=1"));
  EXPECT_TRUE(log_in("old").result);
  EXPECT_EQ((*store_->find_login("old", std::nullopt))->password_hash, after);
}

TEST_F(ServiceTest, a_revoked_token_is_refused_and_the_others_are_not) {
  const std::string first = token_of("root");
  const std::string second = token_of("root");
  EXPECT_EQ(revoke(first), Code::kOk);
  EXPECT_EQ(admits(first).to_string(), "UNAUTHENTICATED: the token is revoked");
  EXPECT_EQ(revoke(first), Code::kOk) << "a second time";
  EXPECT_TRUE(admits(second).ok());
  EXPECT_EQ(revoke("x.y.z"), Code::kUnauthenticated);
  EXPECT_EQ(revoke(second + "A"), Code::kUnauthenticated);
}

TEST_F(ServiceTest, logging_out_everywhere_leaves_tokens_of_later_alone) {
  const std::string first = token_of("root");
  const std::string second = token_of("root");
  EXPECT_EQ(revoke(first, true), Code::kOk);
  EXPECT_EQ(admits(first).code(), Code::kUnauthenticated);
  EXPECT_EQ(admits(second).code(), Code::kUnauthenticated);
  const std::string third = token_of("root");  // in the same second
  EXPECT_TRUE(admits(third).ok()) << admits(third).to_string();
  EXPECT_EQ(revoke(first, true), Code::kUnauthenticated) << "an old token throws nobody out";
  EXPECT_TRUE(admits(third).ok());
}

TEST_F(ServiceTest, tokens_end) {
  const std::string token = token_of("root");
  advance(seconds{599});
  EXPECT_TRUE(admits(token).ok());
  advance(seconds{62});
  EXPECT_EQ(admits(token).code(), Code::kUnauthenticated) << "with all leeway";
  EXPECT_EQ(revoke(token), Code::kOk);
  EXPECT_EQ(revoke(token, true), Code::kUnauthenticated);
}

TEST_F(ServiceTest, revocations_are_told_from_a_cursor_on) {
  RevocationsRequest request;
  const auto before = ask(&AuthClient::revocations, request);
  ASSERT_TRUE(before.result);
  EXPECT_TRUE(before.result->is_complete());
  const std::string token = token_of("alice");
  const auto claims = tokens_.read(token, clock_());
  ASSERT_EQ(revoke(token), Code::kOk);
  ASSERT_EQ(revoke(token_of("root"), true), Code::kOk);
  request.set_since(before.result->cursor());
  const auto after = ask(&AuthClient::revocations, request);
  ASSERT_TRUE(after.result);
  EXPECT_FALSE(after.result->is_complete());
  ASSERT_EQ(after.result->tokens_size(), 1);
  EXPECT_EQ(after.result->tokens(0).id(), claims->jti);
  EXPECT_EQ(after.result->tokens(0).expires_at_s(), kNow + 600);
  ASSERT_EQ(after.result->users_size(), 1);
  EXPECT_EQ(after.result->users(0).subject(), "root");
  EXPECT_EQ(after.result->users(0).not_before_s(), kNow + 1);
}

TEST_F(ServiceTest, a_rotated_key_signs_once_it_is_known_and_the_old_one_verifies) {
  const std::string old_token = token_of("root");
  const auto keys = [this] { return *ask(&AuthClient::keys, KeysRequest{}).result; };
  ASSERT_EQ(keys().keys_size(), 1);
  EXPECT_EQ(keys().keys(0).ed25519_public_key().size(), 32U);
  EXPECT_EQ(keys().keys(0).retires_at_s(), 0);

  const hal::identity::KeyFile file{folder_.path("auth.key")};
  ASSERT_TRUE(file.rotate(to_seconds(clock_())));
  const auto rotated = keys();
  ASSERT_EQ(rotated.keys_size(), 2);
  const bool first_retires = rotated.keys(0).retires_at_s() != 0;
  const auto& old_key = rotated.keys(first_retires ? 0 : 1);
  const auto& new_key = rotated.keys(first_retires ? 1 : 0);
  EXPECT_GT(old_key.retires_at_s(), kNow + 600) << "its last tokens have expired by then";
  EXPECT_EQ(new_key.retires_at_s(), 0);
  advance(seconds{60});
  const std::string new_token = token_of("root");
  EXPECT_EQ(hal::identity::Jwt::parse(new_token)->kid(), new_key.kid());
  EXPECT_EQ(hal::identity::Jwt::parse(old_token)->kid(), old_key.kid());
  EXPECT_TRUE(admits(new_token).ok());
  EXPECT_TRUE(admits(old_token).ok());
  advance(seconds{3'600});
  EXPECT_EQ(keys().keys_size(), 1);
  EXPECT_EQ(admits(old_token).code(), Code::kUnauthenticated);
}

TEST_F(ServiceTest, only_administrators_come_in) {
  EXPECT_EQ(admits("").code(), Code::kUnauthenticated);
  EXPECT_EQ(admits("nonsense").code(), Code::kUnauthenticated);
  EXPECT_EQ(admits(token_of("alice")).code(), Code::kPermissionDenied);
  EXPECT_TRUE(admits(token_of("root")).ok());
  // Each of the others, without a token and with one of no administrator.
  for (const auto& token : {std::string{}, token_of("alice")}) {
    const Code refusal = token.empty() ? Code::kUnauthenticated : Code::kPermissionDenied;
    EXPECT_EQ(ask(&AuthClient::add_user, {}, token).result.error().code(), refusal);
    EXPECT_EQ(ask(&AuthClient::set_password, {}, token).result.error().code(), refusal);
    EXPECT_EQ(ask(&AuthClient::set_role, {}, token).result.error().code(), refusal);
    EXPECT_EQ(ask(&AuthClient::delete_user, {}, token).result.error().code(), refusal);
  }
}

TEST_F(ServiceTest, administrators_change_users_and_that_revokes_their_tokens) {
  AddUserRequest added;
  added.set_username("Bob");
  added.set_password("battery staple");
  added.set_role("admin");
  EXPECT_EQ(as_root(&AuthClient::add_user, added), Code::kOk);
  EXPECT_EQ(as_root(&AuthClient::add_user, added), Code::kAlreadyExists);
  const auto bob = [this](const std::string& password) {
    const auto answer = log_in("bob", password);
    return answer.result ? answer.result->token() : "";
  };
  std::string token = bob("battery staple");
  EXPECT_TRUE(admits(token).ok());

  SetPasswordRequest changed;
  changed.set_username("bob");
  changed.set_password("other password");
  EXPECT_EQ(as_root(&AuthClient::set_password, changed), Code::kOk);
  EXPECT_EQ(admits(token).code(), Code::kUnauthenticated);
  EXPECT_EQ(bob("battery staple"), "");
  token = bob("other password");
  EXPECT_TRUE(admits(token).ok());

  SetRoleRequest demoted;
  demoted.set_username("bob");
  demoted.set_role("user");
  EXPECT_EQ(as_root(&AuthClient::set_role, demoted), Code::kOk);
  EXPECT_EQ(admits(token).code(), Code::kUnauthenticated);
  EXPECT_EQ(admits(bob("other password")).code(), Code::kPermissionDenied);

  DeleteUserRequest deleted;
  deleted.set_username("bob");
  EXPECT_EQ(as_root(&AuthClient::delete_user, deleted), Code::kOk);
  EXPECT_EQ(bob("other password"), "");
  EXPECT_EQ(as_root(&AuthClient::delete_user, deleted), Code::kNotFound);
  EXPECT_EQ(as_root(&AuthClient::set_role, demoted), Code::kNotFound);
  EXPECT_EQ(as_root(&AuthClient::set_password, changed), Code::kNotFound);
}

TEST_F(ServiceTest, administrators_are_told_what_is_not_allowed) {
  AddUserRequest added;
  added.set_username("bob");
  added.set_password("short");
  EXPECT_EQ(as_root(&AuthClient::add_user, added), Code::kInvalidArgument);
  added.set_password(kPassword);
  added.set_role("king");
  EXPECT_EQ(as_root(&AuthClient::add_user, added), Code::kInvalidArgument);
  added.set_role("");
  added.set_username("not a name");
  EXPECT_EQ(as_root(&AuthClient::add_user, added), Code::kInvalidArgument);
  added.set_username("bob");
  EXPECT_EQ(as_root(&AuthClient::add_user, added), Code::kOk);
  EXPECT_EQ(store_->list_users(1, 100)->users.at(1).role, Role::kUser) << "the default";
  SetRoleRequest role;
  role.set_username("bob");
  EXPECT_EQ(as_root(&AuthClient::set_role, role), Code::kInvalidArgument) << "none is named";
  ListUsersRequest list;
  EXPECT_EQ(as_root(&AuthClient::list_users, list), Code::kInvalidArgument);
  list.set_page(1);
  list.set_page_size(101);
  EXPECT_EQ(as_root(&AuthClient::list_users, list), Code::kInvalidArgument);
}

TEST_F(ServiceTest, users_are_listed_by_page) {
  for (const auto* name : {"bob", "carl"}) add(name);
  ListUsersRequest request;
  request.set_page(2);
  request.set_page_size(3);
  const auto answer = ask(&AuthClient::list_users, request, token_of("root"));
  ASSERT_TRUE(answer.result);
  EXPECT_EQ(answer.result->total(), 4U);
  ASSERT_EQ(answer.result->users_size(), 1);
  EXPECT_EQ(answer.result->users(0).username(), "root");
  EXPECT_EQ(answer.result->users(0).role(), "admin");
  EXPECT_EQ(answer.result->users(0).created_at_s(), kNow);
}

TEST_F(ServiceTest, what_is_wrong_with_the_database_is_logged_and_not_told) {
  const hal::telemetry::testing::CapturedLogs logs;
  const std::string token = token_of("root");
  auto database = opened(Database::open(folder_.path("auth.db")));
  ASSERT_TRUE(
      database.script("DROP TABLE revoked_tokens; PRAGMA foreign_keys=OFF;"
                      "DROP TABLE users"));
  const hal::Status expected{Code::kUnavailable, "the users' database cannot be used at present"};
  EXPECT_EQ(log_in("alice").result.error(), expected);
  EXPECT_EQ(ask(&AuthClient::revocations, RevocationsRequest{}).result.error(), expected);
  EXPECT_EQ(admits(token).code(), Code::kUnavailable) << "nobody is let in";
  EXPECT_GE(logs.count("no such table: users"), 1U);
  EXPECT_EQ(attempts_.free_at(attempt_key(std::string(32, 's'), "alice")), std::nullopt);
}

TEST_F(ServiceTest, audit_lines_say_who_did_what_and_no_secret) {
  const hal::telemetry::testing::CapturedLogs logs;
  const std::string token = token_of("root");
  (void)log_in("alice", "wrong password", "192.0.2.1");
  (void)log_in("hunter2hunter2", "wrong password");
  for (int i = 0; i < 4; ++i) (void)log_in("hunter2hunter2", "wrong password");
  AddUserRequest added;
  added.set_username("bob");
  added.set_password("battery staple");
  (void)ask(&AuthClient::add_user, added, token);
  SetPasswordRequest changed;
  changed.set_username("bob");
  changed.set_password("other password");
  (void)ask(&AuthClient::set_password, changed, token);
  (void)revoke(token);
  for (const auto* line :
       {"audit: login of root", "audit: login of alice from 192.0.2.1 refused",
        "audit: login of (unknown) refused", "audit: login of (unknown) slowed down",
        "audit: root adds user bob, role user", "audit: root sets the password of bob",
        "audit: logout of root, token "}) {
    EXPECT_GE(logs.count(line), 1U) << line;
  }
  for (const auto& secret : {kPassword, std::string{"wrong password"}, std::string{"hunter2"},
                             std::string{"battery staple"}, std::string{"other password"}, token,
                             std::string{"argon2"}}) {
    EXPECT_EQ(logs.count(secret), 0U) << secret;
  }
}

}  // namespace
}  // namespace auth
