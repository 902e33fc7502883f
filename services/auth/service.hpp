// Auth: the RPCs of auth.Auth.
#pragma once

#include "attempt_key.hpp"
#include "clock.hpp"
#include "password.hpp"
#include "secret.hpp"
#include "store.hpp"
#include "tokens.hpp"
#include "work_queue.hpp"

#include <hal/rpc/server_stream.hpp>
#include <hal/service/attempt_limit.hpp>

#include <auth.hal.hpp>

#include <optional>
#include <string>
#include <vector>

namespace auth {

/// Attempts to log in as one user, from anywhere, or from one client that the user has logged in
/// from before: so many that nobody has to wait for, since people mistype; then one each so often:
/// 8,640 guesses a day, to which no password falls that is in no dictionary.
inline constexpr hal::service::AttemptLimitOptions kAttemptLimits{
    .burst = 10, .interval = std::chrono::seconds{10}};
/// From one client: fewer, so that a stranger leaves the user some of those from anywhere, however
/// often it asks. The same for a client that the user has logged in from, or its attempts would
/// tell that there is such a user.
inline constexpr hal::service::AttemptLimitOptions kClientLimits{
    .burst = 5, .interval = std::chrono::seconds{60}};

/// What the RPCs work with. All outlive them.
struct AuthParts {
  Store& store;
  WorkQueue& hashes;
  WorkQueue& writes;                     ///< to the store
  hal::service::AttemptLimit& attempts;  ///< kAttemptLimits
  hal::service::AttemptLimit& clients;   ///< kClientLimits
  Tokens& tokens;
  StoreVerifier& verifier;
  const WallClock& clock;
  /// Store::attempts_secret().
  std::string secret;
  /// Of a password that nobody knows: what the passwords of unknown users are compared with. After
  /// `cost` has changed, users who have not logged in since can be told by the time it takes.
  std::string dummy_hash;
  PasswordCost cost{};
};

/// Of `auth.Auth`, for AuthenticateOptions::open_methods: all that do not ask for an administrator.
[[nodiscard]] std::vector<std::string> open_methods();

/// Each RPC says in auth.proto what it does. Beyond that: INVALID_ARGUMENT for names, passwords,
/// roles and pages that are not allowed; UNAVAILABLE when the database cannot be used. Those for
/// administrators expect the authenticate layer around them. Each writes a line to the log that
/// begins with "audit:" and says who did what; no line and no error has a password, a token, or the
/// name of a user that does not exist.
class Auth final : public AuthService {
 public:
  explicit Auth(AuthParts parts) : parts_{std::move(parts)} {}

  hal::Task<hal::Result<VerifyReply>> verify(VerifyRequest request) override;
  hal::Task<hal::Result<RevokeReply>> revoke(RevokeRequest request) override;
  hal::Task<hal::Result<RevocationsReply>> revocations(RevocationsRequest request) override;
  hal::Task<hal::Result<KeysReply>> keys(KeysRequest request) override;

  hal::Task<hal::Result<ListUsersReply>> list_users(ListUsersRequest request) override;
  hal::Task<hal::Result<AddUserReply>> add_user(AddUserRequest request) override;
  hal::Task<hal::Result<SetPasswordReply>> set_password(SetPasswordRequest request) override;
  hal::Task<hal::Result<SetRoleReply>> set_role(SetRoleRequest request) override;
  hal::Task<hal::Result<DeleteUserReply>> delete_user(DeleteUserRequest request) override;

 private:
  /// One attempt to log in.
  struct Attempt {
    std::string name{};
    Secret password{};
    std::string address{};               ///< of the client; empty: not known
    std::optional<AttemptKey> client{};  ///< of name and address
    std::optional<AttemptKey> place{};   ///< a stranger's site, or the client: of kClientLimits
    AttemptKey key{};                    ///< the name, or a known client: of kAttemptLimits
    std::optional<Login> login{};
  };
  /// For audit lines: a name that nobody has may be a password typed into the wrong field.
  [[nodiscard]] static std::string shown(const Attempt& attempt);
  hal::Task<hal::Result<Attempt>> begin(VerifyRequest& request);
  [[nodiscard]] std::optional<hal::Duration> take(const Attempt& attempt);
  /// What survives a restart of the attempt.
  [[nodiscard]] std::vector<StoredAttempt> taken(const Attempt& attempt) const;
  void give_back(const Attempt& attempt);
  hal::Task<hal::Result<>> slow_down(const Attempt& attempt);
  hal::Task<hal::Result<VerifyReply>> finish(const Attempt& attempt,
                                             std::optional<std::string> new_hash);
  hal::Task<hal::Result<VerifyReply>> refuse(const Attempt& attempt);
  hal::Task<hal::Result<std::string>> hash(std::string& password);

  const AuthParts parts_;
};

}  // namespace auth
