// AuthCache: keys and revocations as the issuer last told them, for all workers.
#pragma once

#include <hal/identity/auth_source.hpp>
#include <hal/identity/revocation_set.hpp>
#include <hal/service/host.hpp>

#include <functional>
#include <memory>

namespace hal::identity {

/// The time of day. Called by all workers: thread-safe.
using WallClock = std::function<std::chrono::sys_seconds()>;
[[nodiscard]] WallClock system_wall_clock();

struct AuthCacheOptions {
  /// From the end of one pull to the next: so long a revoked token may still be taken.
  Duration pull_interval = std::chrono::seconds{5};
  /// After a pull that failed.
  Duration retry_interval = std::chrono::seconds{1};
  /// One question to the source.
  Duration pull_timeout = std::chrono::seconds{3};
  /// Nobody is let in by what is older: a token may have been revoked since.
  Duration stale_after = std::chrono::seconds{60};
  /// Between two pulls because of a key that is not known: anybody can name one.
  Duration unknown_key_gap = std::chrono::seconds{10};
  /// More keys than an issuer has.
  std::size_t keys_max = 64;
  RevocationLimits revocations{};
};

using RevocationSetPtr = std::shared_ptr<const RevocationSet>;

/// What was known at one time. Immutable: safe to read from any thread.
struct AuthData {
  Keys keys{};
  RevocationSetPtr revocations = std::make_shared<const RevocationSet>();
  /// When the question was asked, by the loops' clock.
  TimePoint asked_at{};
};
using AuthDataPtr = std::shared_ptr<const AuthData>;

/// Pulls in the background scope of the host's first worker. Thread-safe; the Tasks are awaited on
/// workers of the host. The host must outlive it. The source lives until the scope has ended, or
/// shortly after the cache.
class AuthCache {
 public:
  AuthCache(service::Host& host, std::unique_ptr<AuthSource> source, AuthCacheOptions options = {},
            WallClock clock = system_wall_clock());
  AuthCache(const AuthCache&) = delete;
  AuthCache& operator=(const AuthCache&) = delete;
  ~AuthCache();

  /// Begins to pull and waits for the first success: only then is the process ready. Returns as
  /// well when the process begins to drain, so that its server can end; fails with the reason of a
  /// stop alone. Call once, before all else.
  Task<Result<>> start();

  /// What is known, if it is no older than stale_after at `now`; else kUnavailable. Never null.
  [[nodiscard]] Result<AuthDataPtr> current(TimePoint now) const;

  /// Pulls once more, and returns when that pull, which begins after the call, has ended: with its
  /// error, if it failed.
  Task<Result<>> refresh();
  /// The same for a key that is not known, at most once in unknown_key_gap; a pull that is under
  /// way is waited for. What the pull brought is in current().
  Task<Result<>> refresh_for_unknown_key();

 private:
  class Puller;
  std::shared_ptr<Puller> puller_;
};

}  // namespace hal::identity
