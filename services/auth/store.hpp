// Store: users, what is revoked, and attempts to log in, in one SQLite file.
#pragma once

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
/// Revoked tokens of one user that are kept one by one; one more revokes all that the user has, so
/// that nobody fills the database and the replies by logging in and out.
inline constexpr std::int64_t kRevokedTokensMax = 32;
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
  std::int64_t not_before_s = 0;  ///< Unix time; a token issued earlier counts as revoked
};

struct RevokedToken {
  std::string id{};
  std::int64_t expires_at_s = 0;
  friend bool operator==(const RevokedToken&, const RevokedToken&) = default;
};

/// All tokens of `subject` that were issued before that time are revoked.
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

/// Blocks, on its lock and on the disk: for threads that may. Thread-safe; other programs may use
/// the same file. What has been answered with OK is on the disk. Names are canonical_username()s;
/// times are Unix times. Errors other than those named are the database's (Database::run).
class Store {
 public:
  /// Opens or makes the file and brings its schema up to date.
  [[nodiscard]] static hal::Result<std::unique_ptr<Store>> open(const std::string& path);

  // Users. All but add_user revoke the tokens that the user has.

  /// ALREADY_EXISTS.
  hal::Result<> add_user(const std::string& name, const std::string& password_hash, Role role,
                         std::int64_t now_s);
  /// NOT_FOUND.
  hal::Result<> set_password(const std::string& name, const std::string& password_hash,
                             std::int64_t now_s);
  /// NOT_FOUND. The same role as before changes nothing.
  hal::Result<> set_role(const std::string& name, Role role, std::int64_t now_s);
  /// NOT_FOUND.
  hal::Result<> delete_user(const std::string& name, std::int64_t now_s);
  /// By name. Preconditions: page > 0, page_size > 0.
  [[nodiscard]] hal::Result<UserPage> list_users(std::int64_t page, std::int64_t page_size);

  // Logging in.

  /// Nullopt for an unknown user. Without a client none is known.
  [[nodiscard]] hal::Result<std::optional<Login>> find_login(
      const std::string& name, const std::optional<AttemptKey>& client);
  /// Writes nothing where there is nothing to write. Nullopt when the user is gone or has another
  /// password by now.
  [[nodiscard]] hal::Result<std::optional<Grant>> log_in(const Success& success,
                                                         std::int64_t now_s);
  /// Notes until when the key is not free.
  hal::Result<> save_attempt(const StoredAttempt& attempt, std::int64_t now_ms);
  /// Those that are not free yet; the latest ones, at most `max`.
  [[nodiscard]] hal::Result<std::vector<StoredAttempt>> attempts(std::int64_t now_ms,
                                                                 std::int64_t max);
  /// 32 random bytes of this database: what AttemptKeys are hashed with.
  [[nodiscard]] hal::Result<std::string> attempts_secret();

  // Revocations. What no verifier can accept any more is purged.

  hal::Result<> revoke_token(const std::string& id, const std::string& subject,
                             std::int64_t expires_at_s, std::int64_t now_s);
  /// All tokens of the user that have been issued.
  hal::Result<> revoke_all(const std::string& subject, std::int64_t now_s);
  [[nodiscard]] hal::Result<bool> is_revoked(const std::string& id, const std::string& subject,
                                             std::int64_t issued_at_s);
  /// What has changed after `since`, a cursor of an earlier list. All there is when it is 0, of
  /// another database, or from before the last renew_cursors().
  [[nodiscard]] hal::Result<RevocationList> revocations(std::int64_t since);
  /// Makes all cursors stale: for a server that starts, since the file may come from a backup.
  hal::Result<> renew_cursors();

 private:
  explicit Store(Database database) : database_{std::move(database)} {}
  /// Runs `change()` in a transaction. `mutex_` must be held.
  template <class Change>
  hal::Result<> transact(Change change);
  hal::Result<std::int64_t> next_change();
  hal::Result<> cut_off(const std::string& subject, std::int64_t now_s);
  hal::Result<> purge(std::int64_t now_s);
  [[nodiscard]] hal::Result<RevocationList> read_revocations(std::int64_t since);
  hal::Result<> write(const Success& success, std::int64_t now_s);

  std::mutex mutex_;
  Database database_;
};

}  // namespace auth
