// Store: users, what is revoked, and attempts to log in, in one SQLite file.
#pragma once

#include "clock.hpp"
#include "database.hpp"
#include "user.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

/// How long an access token lives.
inline constexpr std::int64_t kTokenLifetimeS = 600;
/// How much the clocks of those who verify may differ from ours.
inline constexpr std::int64_t kLeewayS = 60;
/// What is revoked is kept so long after its end: a clock that is ahead for a while, and makes it
/// look old, forgets nothing.
inline constexpr std::int64_t kKeepRevokedS = 3600;
/// Revoked tokens that are kept one by one, of a user and in all; one more revokes all that its
/// user has, so that nobody fills the database and the replies by logging in and out.
inline constexpr std::int64_t kRevokedTokensOfUserMax = 256;
inline constexpr std::int64_t kRevokedTokensMax = 50'000;
/// Users whose tokens are revoked as a whole; one more revokes the tokens of all users, as after a
/// breach: verifiers take a limited number, and take nobody's token when there are more.
inline constexpr std::int64_t kCutoffsMax = 50'000;
/// Clients (of Login::client_is_known) remembered for each user, the latest.
inline constexpr std::int64_t kKnownClientsMax = 8;

/// What stands for a name, or a name and a client, where attempts are counted: 16 bytes of a keyed
/// hash, since a name that nobody has may be somebody's password. See attempt_key().
using AttemptKey = std::string;

/// What a log-in is checked against.
struct Login {
  std::string password_hash{};
  std::int64_t password_version = 0;  ///< another one after each change of the password
  bool client_is_known = false;       ///< the user has logged in from there before
  std::int64_t client_seen_at_s = 0;  ///< when it was noted last
};

/// What is written when a password was right.
struct Success {
  std::string name{};
  std::int64_t password_version = 0;        ///< of the password that was checked
  std::optional<std::string> new_hash{};    ///< of the same, with other parameters
  std::optional<AttemptKey> seen_client{};  ///< to be remembered
};

/// What a token may say.
struct Grant {
  Role role = Role::kUser;
  std::int64_t issued_at_s = 0;
};

/// A token of ours, by what identifies it.
struct TokenId {
  std::string id{};
  std::string subject{};
  std::int64_t issued_at_s = 0;
  std::int64_t expires_at_s = 0;
};

struct RevokedToken {
  std::string id{};
  std::int64_t expires_at_s = 0;
  friend bool operator==(const RevokedToken&, const RevokedToken&) = default;
};

/// The subject of a cutoff of all users.
inline constexpr std::string_view kEveryone;

/// All tokens of `subject`, or of everyone, that were issued before that time are revoked.
struct Cutoff {
  std::string subject{};
  std::int64_t not_before_s = 0;
  friend bool operator==(const Cutoff&, const Cutoff&) = default;
};

struct RevocationList {
  std::vector<RevokedToken> tokens{};
  std::vector<Cutoff> cutoffs{};
  std::int64_t cursor = 0;
  bool is_complete = false;  ///< it is all there is, not what has changed
};

struct UserPage {
  std::vector<UserInfo> users{};
  std::int64_t total = 0;
};

/// See AttemptLimit::free_at.
struct StoredAttempt {
  AttemptKey key{};
  std::int64_t free_at_ms = 0;
};

/// Blocks, on its locks and on the disk: for threads that may. Thread-safe; other programs may use
/// the same file. Reading waits for no writer. What has been answered with OK survives the loss of
/// power; log-ins and attempts, which are less, the end of the process. Names are
/// canonical_username()s; times are Unix times, of `clock` while the writer's place is held, so
/// that they follow each other as the changes do. Errors other than those named are the database's
/// (Database::run).
class Store {
 public:
  /// Opens or makes the file, and brings its schema up to date. `clock` is thread-safe.
  [[nodiscard]] static hal::Result<std::unique_ptr<Store>> open(const std::string& path,
                                                                WallClock clock,
                                                                Missing missing = Missing::kMake);

  // Users. All but add_user revoke the tokens that the user has.

  /// ALREADY_EXISTS.
  hal::Result<> add_user(const std::string& name, const std::string& password_hash, Role role);
  /// NOT_FOUND.
  hal::Result<> set_password(const std::string& name, const std::string& password_hash);
  /// NOT_FOUND. The same role as before changes nothing.
  hal::Result<> set_role(const std::string& name, Role role);
  /// NOT_FOUND.
  hal::Result<> delete_user(const std::string& name);
  /// By name. Preconditions: page > 0, page_size > 0.
  [[nodiscard]] hal::Result<UserPage> list_users(std::int64_t page, std::int64_t page_size);

  // Logging in.

  /// Nullopt for an unknown user. Without a client none is known.
  [[nodiscard]] hal::Result<std::optional<Login>> find_login(
      const std::string& name, const std::optional<AttemptKey>& client);
  /// Nullopt when the user is gone or has another password by now. A token of the grant is revoked
  /// by what happens to its user after this, and not by what has happened before.
  [[nodiscard]] hal::Result<std::optional<Grant>> log_in(const Success& success);
  hal::Result<> save_attempts(const std::vector<StoredAttempt>& attempts);
  /// Those that are not free yet; the latest ones, at most `max`.
  [[nodiscard]] hal::Result<std::vector<StoredAttempt>> attempts(std::int64_t max);
  /// 32 random bytes of this database: what AttemptKeys are hashed with.
  [[nodiscard]] hal::Result<std::string> attempts_secret();

  // Revocations. What no verifier can accept any more is purged.

  /// Changes nothing for a token that nobody accepts any more.
  hal::Result<> revoke_token(const TokenId& token);
  /// All tokens of the user that have been issued.
  hal::Result<> revoke_all(const std::string& subject);
  [[nodiscard]] hal::Result<bool> is_revoked(const TokenId& token);
  /// What has changed after `since`, a cursor of an earlier list. All there is when it is 0, of
  /// another database, or from before the last renew_cursors().
  [[nodiscard]] hal::Result<RevocationList> revocations(std::int64_t since);
  /// Makes all cursors stale: for a server that starts, since the file may come from a backup.
  hal::Result<> renew_cursors();

 private:
  Store(Database writer, Database reader, WallClock clock)
      : clock_{std::move(clock)}, writer_{std::move(writer)}, reader_{std::move(reader)} {}

  /// Runs `change()`, which uses writer_, in a transaction of the writer.
  template <class Change>
  hal::Result<> transact(Durability durability, Change change);
  [[nodiscard]] std::int64_t now_s() const { return unix_s(clock_()); }

  // In a transaction of the writer.
  hal::Result<std::int64_t> next_change();
  hal::Result<> cut_off(const std::string& subject);
  hal::Result<> cut_off_everyone();
  hal::Result<> purge();
  hal::Result<std::optional<Grant>> grant(const Success& success);
  hal::Result<> remember(const Success& success);

  [[nodiscard]] hal::Result<RevocationList> read_revocations(std::int64_t since);

  const WallClock clock_;
  std::mutex writer_mutex_;
  Database writer_;
  std::mutex reader_mutex_;
  Database reader_;
};

}  // namespace auth
